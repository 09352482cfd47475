package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Entry is a file of the bundle, as its manifest lists it.
type Entry struct {
	Name   string `json:"file"`
	About  string `json:"holds"`
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Missing is what the bundle does not hold, and why.
type Missing struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// Manifest says what is in a bundle and what is not.
type Manifest struct {
	CreatedAt time.Time `json:"created_at"`
	Holds     []Entry   `json:"holds"`
	LeftOut   []Missing `json:"left_out"`
}

// Bundle is an archive that is being made.
type Bundle struct {
	now      time.Time
	files    map[string][]byte
	manifest Manifest
	hidden   map[string]bool
}

// New begins a bundle of that time.
func New(now time.Time) *Bundle {
	now = now.UTC().Truncate(time.Second)
	return &Bundle{now: now, files: map[string][]byte{}, hidden: map[string]bool{}, manifest: Manifest{CreatedAt: now, LeftOut: []Missing{}, Holds: []Entry{}}}
}

// Document adds a JSON document without what is private. One that is none is
// left out, and says so.
func (b *Bundle) Document(name, about string, doc []byte) {
	clean, hidden, err := Document(doc)
	if err != nil {
		b.LeaveOut(name, err.Error())
		return
	}
	for _, h := range hidden {
		b.hidden[h] = true
	}
	b.Text(name, about, clean)
}

// Text adds a file as it is.
func (b *Bundle) Text(name, about string, data []byte) {
	sum := sha256.Sum256(data)
	b.files[name] = data
	b.manifest.Holds = append(b.manifest.Holds, Entry{name, about, len(data), hex.EncodeToString(sum[:])})
}

// LeaveOut notes what is not there.
func (b *Bundle) LeaveOut(what, why string) {
	b.manifest.LeftOut = append(b.manifest.LeftOut, Missing{what, line(why)})
}

// Manifest returns what is in the bundle, with the members that were left out
// of its documents.
func (b *Bundle) Manifest() Manifest {
	m := b.manifest
	m.LeftOut = slices.Clone(m.LeftOut)
	for _, name := range sorted(b.hidden) {
		m.LeftOut = append(m.LeftOut, Missing{name, "private; " + Redacted + " stands in its place"})
	}
	return m
}

// Archive returns the bundle as a .tar.gz, the manifest first.
func (b *Bundle) Archive(folder string) ([]byte, error) {
	manifest, err := json.MarshalIndent(b.Manifest(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the manifest: %w", err)
	}
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	t := tar.NewWriter(z)
	if err := b.file(t, folder+"/manifest.json", append(manifest, '\n')); err != nil {
		return nil, err
	}
	for _, e := range b.manifest.Holds {
		if err := b.file(t, folder+"/"+e.Name, b.files[e.Name]); err != nil {
			return nil, err
		}
	}
	if err := t.Close(); err != nil {
		return nil, fmt.Errorf("closing the archive: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("closing the archive: %w", err)
	}
	return out.Bytes(), nil
}

func (b *Bundle) file(t *tar.Writer, name string, data []byte) error {
	h := &tar.Header{Name: name, Mode: 0o600, Size: int64(len(data)), ModTime: b.now, Format: tar.FormatPAX}
	if err := t.WriteHeader(h); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if _, err := t.Write(data); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

func sorted(names map[string]bool) []string { return slices.Sorted(maps.Keys(names)) }
