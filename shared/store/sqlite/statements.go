package sqlite

import (
	"fmt"
	"strings"

	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Every statement that a verb runs. Each finds its rows by the primary key or
// by an index, so that its cost does not grow with what is stored.
const (
	sqlGet       = `SELECT doc, open_pk, open_sk, list_pk, list_sk, ttl FROM item WHERE pk = ?1 AND sk = ?2`
	sqlInsert    = `INSERT INTO item (pk, sk, doc, open_pk, open_sk, list_pk, list_sk, ttl) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`
	sqlUpdate    = `UPDATE item SET doc = ?3, open_pk = ?4, open_sk = ?5, list_pk = ?6, list_sk = ?7, ttl = ?8 WHERE pk = ?1 AND sk = ?2`
	sqlUpdateDoc = `UPDATE item SET doc = ?3 WHERE pk = ?1 AND sk = ?2`
	sqlDelete    = `DELETE FROM item WHERE pk = ?1 AND sk = ?2`
	sqlExpired   = `SELECT pk, sk, list_pk FROM item WHERE ttl <= ?1 ORDER BY ttl LIMIT ?2`
	sqlListed    = `SELECT pk, sk, doc FROM item WHERE list_pk = ?1 LIMIT ?2`

	sqlRead      = `SELECT pk, sk, doc FROM item WHERE pk = ?1 AND sk = ?2`
	sqlPartition = `SELECT pk, sk, doc FROM item WHERE pk = ?1 ORDER BY sk`
	sqlSnapshot  = `SELECT pk, sk, doc FROM item WHERE pk IN (?1, ?2) ORDER BY pk, sk`
	sqlAfter     = `SELECT pk, sk, doc FROM item WHERE pk = ?1 AND sk > ?2 ORDER BY sk LIMIT ?3`
	sqlSince     = `SELECT pk, sk, doc FROM item WHERE pk = ?1 AND sk >= ?2 ORDER BY sk DESC LIMIT ?3`
	sqlBetween   = `SELECT pk, sk, doc FROM item WHERE pk = ?1 AND sk >= ?2 AND sk < ?3 ORDER BY sk`
	sqlDays      = `SELECT pk, sk, doc FROM item WHERE pk = ?1 AND sk <= ?2 ORDER BY sk DESC LIMIT ?3`
	sqlOpen      = `SELECT pk, sk, doc FROM item WHERE open_pk = ?1 AND open_sk < ?2 ORDER BY open_sk LIMIT ?3`
	sqlList      = `SELECT pk, sk, doc FROM item WHERE list_pk = ?1 AND list_sk < ?2 ORDER BY list_sk DESC LIMIT ?3`
)

func writeStatements() []string {
	return []string{sqlGet, sqlInsert, sqlUpdate, sqlUpdateDoc, sqlDelete, sqlAfter, sqlExpired, sqlListed}
}

func readStatements() []string {
	return []string{sqlRead, sqlPartition, sqlSnapshot, sqlAfter, sqlSince, sqlBetween, sqlDays, sqlOpen, sqlList}
}

// expiryIndex finds what has expired. It is made when a store is opened, for
// files that were made before anything was deleted.
const expiryIndex = `CREATE INDEX IF NOT EXISTS item_ttl ON item (ttl) WHERE ttl IS NOT NULL`

// applicationID marks the file as a broker's ("ohfp"), so that no other
// program's database is taken for one.
const applicationID = 0x6f686670

// ddl writes the table as SQL.
func ddl(t schema.Spec) string {
	var b strings.Builder
	cols := []string{
		t.PartitionKey + " TEXT NOT NULL", t.SortKey + " TEXT NOT NULL",
		t.Document + " BLOB NOT NULL", t.TTL + " INTEGER",
	}
	for _, x := range t.Indexes {
		cols = append(cols, x.PartitionKey+" TEXT", x.SortKey+" TEXT")
	}
	fmt.Fprintf(&b, "CREATE TABLE item (%s, PRIMARY KEY (%s, %s)) STRICT;\n", strings.Join(cols, ", "), t.PartitionKey, t.SortKey)
	for _, x := range t.Indexes {
		fmt.Fprintf(&b, "CREATE INDEX item_%s ON item (%s, %s) WHERE %s IS NOT NULL;\n", x.Name, x.PartitionKey, x.SortKey, x.PartitionKey)
	}
	fmt.Fprintf(&b, "PRAGMA application_id = %d;\nPRAGMA user_version = %d;\n", applicationID, schema.Version)
	return b.String()
}
