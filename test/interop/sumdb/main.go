// Verifies a c2sp.org/tlog-tiles log with code that is not ours: golang.org/x/mod/sumdb, the verifier of Go's own
// checksum database. Exits 0 when everything holds, 1 when something does not, 2 when it was called wrongly.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

func verify(log, vkey, proofs string) error {
	get := sourceOf(log)
	tree, err := openCheckpoint(get, vkey)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	computed, err := readEntries(get, tree.N)
	if err != nil {
		return fmt.Errorf("entries: %w", err)
	}
	root, err := tlog.TreeHash(tree.N, computed)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return errors.New("entries: they do not have the root of the checkpoint")
	}
	if err := checkTiles(get, tree, computed); err != nil {
		return fmt.Errorf("tiles: %w", err)
	}
	if err := checkOwnProofs(get, tree, computed); err != nil {
		return fmt.Errorf("proofs: %w", err)
	}
	count := 0
	if proofs != "" {
		if count, err = checkGivenProofs(proofs, tree, computed); err != nil {
			return fmt.Errorf("proofs: %w", err)
		}
	}
	fmt.Printf("verified: %d entries, root %v, %d given proofs\n", tree.N, tree.Hash, count)
	return nil
}

func main() {
	proofs := flag.String("proofs", "", "`file` of proofs that the log made")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: sumdb-verify [-proofs file] directory|url key-line")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	if err := verify(flag.Arg(0), strings.TrimSpace(flag.Arg(1)), *proofs); err != nil {
		fmt.Fprintln(os.Stderr, "sumdb-verify:", err)
		os.Exit(1)
	}
}
