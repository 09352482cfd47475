package sqlitetest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Layout of a write-ahead log (https://sqlite.org/fileformat2.html, section
// 4.1): a header, then frames of a frame header and a page each. Frames whose
// salts are not those of the header belong to an earlier round and are void.
const (
	walHeader   = 32
	frameHeader = 24
	pageSizeAt  = 8
	walSaltAt   = 16
	commitAt    = 4 // in a frame header: not 0 in the last frame of a commit
	saltAt      = 8
)

// position is a place in a write-ahead log: the round that its salts name,
// and the offset after the last commit. The zero position is an empty log.
type position struct {
	Salts uint64
	End   int64
}

// endOfLog finds the end of the last commit in the log. from is a position
// that was found before; the frames up to it are not read again.
func endOfLog(path string, from position) (position, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return position{}, nil
	}
	if err != nil {
		return position{}, err
	}
	p, err := scanLog(f, from)
	return p, errors.Join(err, f.Close())
}

func scanLog(f io.ReaderAt, from position) (position, error) {
	head := make([]byte, walHeader)
	if n, err := f.ReadAt(head, 0); n < walHeader {
		return position{}, ignoreEOF(err)
	}
	salts := binary.BigEndian.Uint64(head[walSaltAt:])
	frame := frameHeader + int64(binary.BigEndian.Uint32(head[pageSizeAt:]))
	p := position{Salts: salts, End: walHeader}
	if from.Salts == salts {
		p = from
	}
	for at := p.End; ; at += frame {
		h := make([]byte, frameHeader)
		if n, err := f.ReadAt(h, at); n < frameHeader {
			return p, ignoreEOF(err)
		}
		if binary.BigEndian.Uint64(h[saltAt:]) != salts {
			return p, nil
		}
		if binary.BigEndian.Uint32(h[commitAt:]) != 0 {
			p.End = at + frame
		}
	}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (p position) encode() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, p.Salts), uint64(p.End))
}

func decode(b []byte) (position, error) {
	if len(b) != 16 {
		return position{}, fmt.Errorf("a position has 16 bytes, not %d", len(b))
	}
	return position{Salts: binary.BigEndian.Uint64(b), End: int64(binary.BigEndian.Uint64(b[8:]))}, nil
}
