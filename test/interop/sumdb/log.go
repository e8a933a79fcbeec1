package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
)

// fetch answers what lies at a path below the log's prefix.
type fetch func(path string) ([]byte, error)

func sourceOf(log string) fetch {
	if !strings.HasPrefix(log, "http://") && !strings.HasPrefix(log, "https://") {
		return func(path string) ([]byte, error) { return os.ReadFile(filepath.Join(log, filepath.FromSlash(path))) }
	}
	client := &http.Client{Timeout: 30 * time.Second}
	return func(path string) ([]byte, error) {
		answer, err := client.Get(strings.TrimSuffix(log, "/") + "/" + path)
		if err != nil {
			return nil, err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s: %s", path, answer.Status)
		}
		return io.ReadAll(answer.Body)
	}
}

// openCheckpoint reads c2sp.org/tlog-checkpoint: origin, size and root in a note that the key signed.
func openCheckpoint(get fetch, vkey string) (tlog.Tree, error) {
	message, err := get("checkpoint")
	if err != nil {
		return tlog.Tree{}, err
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	signed, err := note.Open(message, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("the checkpoint is not of the log that the key is for")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || lines[1] != strconv.FormatInt(size, 10) || size < 0 {
		return tlog.Tree{}, errors.New("the checkpoint has no size")
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// tlogPath is the path of c2sp.org/tlog-tiles, which leaves out the height that sumdb's own has.
func tlogPath(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight), "tile/", 1)
}

// tiles is a tlog.TileReader over the log's tiles.
type tiles struct{ get fetch }

func (t tiles) Height() int { return tileHeight }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(wanted))
	for i, tile := range wanted {
		bytes, err := t.get(tlogPath(tile))
		if err != nil {
			return nil, err
		}
		data[i] = bytes
	}
	return data, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// hashes is a tree that was computed here, in the order of tlog's stored hashes.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(h)) {
			return nil, fmt.Errorf("no stored hash %d", index)
		}
		out[i] = h[index]
	}
	return out, nil
}

// readEntries computes the tree over the entries of all bundles.
func readEntries(get fetch, size int64) (hashes, error) {
	var tree hashes
	for first := int64(0); first < size; first += tileWidth {
		width := int(min(tileWidth, size-first))
		bundle := tlog.Tile{H: tileHeight, L: -1, N: first / tileWidth, W: width}
		bytes, err := get(strings.Replace(tlogPath(bundle), "tile/data/", "tile/entries/", 1))
		if err != nil {
			return nil, err
		}
		for i := range width {
			if len(bytes) < 2 || len(bytes)-2 < int(binary.BigEndian.Uint16(bytes)) {
				return nil, fmt.Errorf("the bundle ends within entry %d", first+int64(i))
			}
			end := 2 + int(binary.BigEndian.Uint16(bytes))
			stored, err := tlog.StoredHashes(first+int64(i), bytes[2:end], tree)
			if err != nil {
				return nil, err
			}
			tree, bytes = append(tree, stored...), bytes[end:]
		}
		if len(bytes) != 0 {
			return nil, fmt.Errorf("the bundle of entry %d is too long", first)
		}
	}
	return tree, nil
}

// checkTiles compares every leaf hash out of the tiles, which the reader ties to the root, with the entry's own.
func checkTiles(get fetch, tree tlog.Tree, computed hashes) error {
	reader := tlog.TileHashReader(tree, tiles{get})
	for first := int64(0); first < tree.N; first += tileWidth {
		var indexes []int64
		for n := first; n < min(first+tileWidth, tree.N); n++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, n))
		}
		read, err := reader.ReadHashes(indexes)
		if err != nil {
			return fmt.Errorf("tile of entry %d: %w", first, err)
		}
		for i, hash := range read {
			if hash != computed[indexes[i]] {
				return fmt.Errorf("entry %d is not the one that its tile holds", first+int64(i))
			}
		}
	}
	return nil
}
