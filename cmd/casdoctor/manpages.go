//go:build manpages

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/casdoctor/casdoctor/internal/manual"
)

// The program that makes the man pages: casdoctor's commands, with the generator linked and
// nothing run. SOURCE_DATE_EPOCH is their date (reproducible-builds.org).
//
//	SOURCE_DATE_EPOCH=… go run -tags grpcnotrace,manpages ./cmd/casdoctor FOLDER
func main() {
	if err := write(os.Args[1:], os.Getenv("SOURCE_DATE_EPOCH")); err != nil {
		fmt.Fprintln(os.Stderr, "manpages: "+err.Error())
		os.Exit(1)
	}
}

func write(args []string, epoch string) error {
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil || len(args) != 1 {
		return fmt.Errorf("usage: SOURCE_DATE_EPOCH=SECONDS manpages FOLDER")
	}
	pages, err := manual.Pages(newRoot(streams{}), version(), time.Unix(seconds, 0))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(args[0], 0o755); err != nil {
		return err
	}
	for name, page := range pages {
		if err := os.WriteFile(filepath.Join(args[0], name), page, 0o644); err != nil {
			return err
		}
	}
	return nil
}
