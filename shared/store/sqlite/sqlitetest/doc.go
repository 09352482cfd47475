// Package sqlitetest cuts a data directory at its last sync, as a power
// failure may leave it: what was written after the last sync is gone, what
// was written before is there.
//
// A [Recorder] follows the write-ahead log of a store that is opened with
// [Recorder.Synced]. It keeps what it learns in a file of the directory, so
// that [CrashImage] works in another process too, also after the one with the
// store was killed.
//
// It imports the standard library and package sqlite.
package sqlitetest
