package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// Kind is what a document is.
type Kind string

// The documents of a run: the files that casdoctor check would have written.
const (
	Evidence Kind = "evidence"
	Report   Kind = "report"
)

// An hour later almost everything that a run sees is as it was, so a document is kept as its
// difference to an earlier, whole one: zstd with that one as its dictionary. All differences
// rest on a whole document, never on each other, so that reading one takes two rows and
// nothing else is lost with one.
//
// When to keep a whole one again: each difference costs more than the smallest so far once
// the tenant has changed. When those costs together have reached the price of a whole
// document, one is kept (the rule of renting skis: at most twice the best that could be done
// by who knows the future). An update of casdoctor, which changes many sentences, ends in
// the same rule.

// AddDocument keeps a document of a run that was just added.
func AddDocument(ctx context.Context, tx Tx, tenant string, run int64, kind Kind, raw []byte) error {
	var base, whole, least, excess int64
	err := tx.QueryRow(ctx, `SELECT run, whole, least, excess FROM bases WHERE tenant = $1 AND kind = $2`, tenant, string(kind)).
		Scan(&base, &whole, &least, &excess)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return addWhole(ctx, tx, tenant, run, kind, raw)
	case err != nil:
		return err
	}
	dictionary, err := Document(ctx, tx, base, kind)
	if err != nil {
		return fmt.Errorf("the document that others rest on: %w", err)
	}
	body, err := pack(raw, dictionary)
	if err != nil {
		return err
	}
	size := int64(len(body))
	if least == 0 {
		least = size
	}
	least, excess = min(least, size), excess+max(0, size-least)
	if excess >= whole || size >= whole {
		return addWhole(ctx, tx, tenant, run, kind, raw)
	}
	if err := addDocument(ctx, tx, run, kind, &base, len(raw), body); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE bases SET least = $1, excess = $2 WHERE tenant = $3 AND kind = $4`, least, excess, tenant, string(kind))
	return err
}

func addWhole(ctx context.Context, tx Tx, tenant string, run int64, kind Kind, raw []byte) error {
	body, err := pack(raw, nil)
	if err != nil {
		return err
	}
	if err := addDocument(ctx, tx, run, kind, nil, len(raw), body); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO bases (tenant, kind, run, whole, least, excess) VALUES ($1, $2, $3, $4, 0, 0)
		ON CONFLICT (tenant, kind) DO UPDATE SET run = excluded.run, whole = excluded.whole, least = 0, excess = 0`,
		tenant, string(kind), run, len(body))
	return err
}

func addDocument(ctx context.Context, tx Tx, run int64, kind Kind, base *int64, size int, body []byte) error {
	_, err := tx.Exec(ctx, `INSERT INTO documents (run, kind, base, size, body) VALUES ($1, $2, $3, $4, $5)`,
		run, string(kind), base, size, body)
	return err
}

// Document reads one document of a run; sql.ErrNoRows when the run has none.
func Document(ctx context.Context, tx Tx, run int64, kind Kind) ([]byte, error) {
	var body, dictionary []byte
	var size int64
	err := tx.QueryRow(ctx, `SELECT d.body, d.size, b.body FROM documents d
		LEFT JOIN documents b ON b.run = d.base AND b.kind = d.kind WHERE d.run = $1 AND d.kind = $2`, run, string(kind)).
		Scan(&body, &size, &dictionary)
	if err != nil {
		return nil, err
	}
	if dictionary != nil {
		if dictionary, err = unpack(dictionary, nil); err != nil {
			return nil, err
		}
	}
	raw, err := unpack(body, dictionary)
	if err != nil || int64(len(raw)) != size {
		return nil, errors.Join(fmt.Errorf("the %s of run %d cannot be read: %w", kind, run, ErrDamaged), err)
	}
	return raw, nil
}

const (
	dictionaryID = 1 // any but 0, which means none

	// maxDocument bounds what a damaged document can unpack to; 2 MB is a large one.
	maxDocument = 64 << 20

	// windowAtLeast is that of a difference: it must hold the dictionary and the document, or
	// what is far back is not found.
	windowAtLeast = 1 << 20
)

func pack(raw, dictionary []byte) ([]byte, error) {
	window := windowAtLeast
	for window < len(raw)+len(dictionary) && window < zstd.MaxWindowSize {
		window *= 2
	}
	options := []zstd.EOption{
		zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true),
		zstd.WithWindowSize(window), zstd.WithEncoderCRC(true),
	}
	if dictionary != nil {
		options = append(options, zstd.WithEncoderDictRaw(dictionaryID, dictionary))
	}
	w, err := zstd.NewWriter(nil, options...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.Close() }()
	return w.EncodeAll(raw, nil), nil
}

func unpack(body, dictionary []byte) ([]byte, error) {
	options := []zstd.DOption{
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxDocument), zstd.WithDecoderMaxWindow(2 * maxDocument),
	}
	if dictionary != nil {
		options = append(options, zstd.WithDecoderDictRaw(dictionaryID, dictionary))
	}
	r, err := zstd.NewReader(nil, options...)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return r.DecodeAll(body, nil)
}
