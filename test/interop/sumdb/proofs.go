package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/tlog"
)

// samples are numbers from first to last, close together at both ends and at the borders of tiles.
func samples(first, last int64) []int64 {
	var list []int64
	for _, n := range []int64{first, first + 1, tileWidth - 1, tileWidth, tileWidth + 1, last / 2, last - 1, last} {
		if n >= first && n <= last {
			list = append(list, n)
		}
	}
	return list
}

func checkInclusion(tree tlog.Tree, computed hashes, index int64, proof tlog.RecordProof) error {
	if index < 0 || index >= tree.N {
		return fmt.Errorf("no entry %d", index)
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, computed[tlog.StoredHashIndex(0, index)])
}

func checkConsistency(tree tlog.Tree, computed hashes, from int64, proof tlog.TreeProof) error {
	older, err := tlog.TreeHash(from, computed)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, from, older)
}

// checkOwnProofs makes proofs from the tiles and verifies them.
func checkOwnProofs(get fetch, tree tlog.Tree, computed hashes) error {
	reader := tlog.TileHashReader(tree, tiles{get})
	for _, index := range samples(0, tree.N-1) {
		proof, err := tlog.ProveRecord(tree.N, index, reader)
		if err == nil {
			err = checkInclusion(tree, computed, index, proof)
		}
		if err != nil {
			return fmt.Errorf("inclusion of entry %d: %w", index, err)
		}
	}
	for _, from := range samples(1, tree.N) {
		proof, err := tlog.ProveTree(tree.N, from, reader)
		if err == nil {
			err = checkConsistency(tree, computed, from, proof)
		}
		if err != nil {
			return fmt.Errorf("consistency with %d entries: %w", from, err)
		}
	}
	return nil
}

// given is a file of proofs that the log made, for the size of its checkpoint; hashes are standard base64.
type given struct {
	Inclusion []struct {
		Index int64    `json:"index"`
		Proof []string `json:"proof"`
	} `json:"inclusion"`
	Consistency []struct {
		From  int64    `json:"from"`
		Proof []string `json:"proof"`
	} `json:"consistency"`
}

func parseProof(encoded []string) ([]tlog.Hash, error) {
	proof := make([]tlog.Hash, len(encoded))
	for i, text := range encoded {
		bytes, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil || len(bytes) != tlog.HashSize {
			return nil, errors.New("a proof has something that is no hash")
		}
		proof[i] = tlog.Hash(bytes)
	}
	return proof, nil
}

func checkGivenProofs(file string, tree tlog.Tree, computed hashes) (int, error) {
	bytes, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	var list given
	if err := json.Unmarshal(bytes, &list); err != nil {
		return 0, err
	}
	for _, each := range list.Inclusion {
		proof, err := parseProof(each.Proof)
		if err == nil {
			err = checkInclusion(tree, computed, each.Index, proof)
		}
		if err != nil {
			return 0, fmt.Errorf("given inclusion of entry %d: %w", each.Index, err)
		}
	}
	for _, each := range list.Consistency {
		proof, err := parseProof(each.Proof)
		if err == nil {
			err = checkConsistency(tree, computed, each.From, proof)
		}
		if err != nil {
			return 0, fmt.Errorf("given consistency with %d entries: %w", each.From, err)
		}
	}
	return len(list.Inclusion) + len(list.Consistency), nil
}
