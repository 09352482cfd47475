package dynamo

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Attributes that conditions and updates name; doc.go says which rows have
// them.
const (
	attrPK             = "pk"
	attrDoc            = "doc"
	attrBy             = "by"
	attrVersion        = "version"
	attrRun            = "run"
	attrState          = "state"
	attrFreeAt         = "free_at"
	attrAnswerUntil    = "answer_until"
	attrHeld           = "held"
	attrFree           = "free"
	attrMachine        = "machine"
	attrHealth         = "health"
	attrCheckedAt      = "checked_at"
	attrSaid           = "said"
	attrFailed         = "failed"
	attrNextCheckAt    = "next_check_at"
	attrCheckStartedAt = "check_started_at"
	attrNextSweepAt    = "next_sweep_at"
	attrN              = "n"
	attrTTL            = "ttl"
	attrDigest         = "digest"
	attrDigestAt       = "digest_at"
)

// row is an item with the attributes of all kinds of rows but breakers. Times
// are written by [schema.Stamp], so that they compare.
type row struct {
	PK     string `dynamodbav:"pk"`
	SK     string `dynamodbav:"sk"`
	Doc    string `dynamodbav:"doc,omitempty"`
	OpenPK string `dynamodbav:"open_pk,omitempty"`
	OpenSK string `dynamodbav:"open_sk,omitempty"`
	ListPK string `dynamodbav:"list_pk,omitempty"`
	ListSK string `dynamodbav:"list_sk,omitempty"`
	TTL    int64  `dynamodbav:"ttl,omitempty"`
	By     string `dynamodbav:"by,omitempty"`

	Version     *int64 `dynamodbav:"version,omitempty"`
	Run         int    `dynamodbav:"run,omitempty"`
	State       string `dynamodbav:"state,omitempty"`
	FreeAt      string `dynamodbav:"free_at,omitempty"`
	AnswerUntil string `dynamodbav:"answer_until,omitempty"`
	Held        bool   `dynamodbav:"held,omitempty"`
	Free        bool   `dynamodbav:"free,omitempty"`
	Machine     string `dynamodbav:"machine,omitempty"`
	N           int64  `dynamodbav:"n,omitempty"`

	Health         string `dynamodbav:"health,omitempty"`
	CheckedAt      string `dynamodbav:"checked_at,omitempty"`
	Said           string `dynamodbav:"said,omitempty"`
	Failed         int    `dynamodbav:"failed,omitempty"`
	NextCheckAt    string `dynamodbav:"next_check_at,omitempty"`
	CheckStartedAt string `dynamodbav:"check_started_at,omitempty"`
	NextSweepAt    string `dynamodbav:"next_sweep_at,omitempty"`
	Digest         string `dynamodbav:"digest,omitempty"`
}

// rowOf makes the row of an item. A document is text; what of it is no UTF-8
// would be read as replaced anyway.
func rowOf(it schema.Item) row {
	return row{
		PK: it.PK, SK: it.SK, Doc: strings.ToValidUTF8(string(it.Doc), "\uFFFD"), TTL: it.TTL(),
		OpenPK: it.Open.PK, OpenSK: it.Open.SK, ListPK: it.List.PK, ListSK: it.List.SK,
	}
}

func parseRow(item attributes) (r row, err error) {
	if err := attributevalue.UnmarshalMap(item, &r); err != nil {
		return r, fmt.Errorf("decoding an item: %w", err)
	}
	return r, nil
}

func parseRows(items []attributes) ([]row, error) {
	rows := make([]row, len(items))
	for i, item := range items {
		var err error
		if rows[i], err = parseRow(item); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

func (r *row) key() schema.Key { return schema.Key{PK: r.PK, SK: r.SK} }

func (r *row) item() schema.Item { return schema.Item{Key: r.key(), Doc: []byte(r.Doc)} }

// decode reads a row's document.
func decode[T any](r row) (T, error) { return schema.Decode[T](r.item()) }

// stored reads the document of an item; the zero value when there is none.
func stored[T any](item attributes) (t T, err error) {
	if len(item) == 0 {
		return t, nil
	}
	r, err := parseRow(item)
	if err != nil {
		return t, err
	}
	return decode[T](r)
}

func keyOf(k schema.Key) attributes {
	return attributes{
		"pk": &types.AttributeValueMemberS{Value: k.PK},
		"sk": &types.AttributeValueMemberS{Value: k.SK},
	}
}

// instant reads what [schema.Stamp] wrote; "" is the zero time.
func instant(stamp string) (t time.Time, err error) {
	if stamp == "" {
		return t, nil
	}
	return time.Parse(time.RFC3339Nano, stamp)
}
