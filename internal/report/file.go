package report

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteFile writes a report or evidence file: readable by its owner only, and whole or not
// at all. It writes a temporary file beside the target and renames it. A device or a pipe
// (/dev/stdout, a named pipe) is written to, never replaced; a symbolic link to a file is
// refused, because following it could overwrite what somebody else pointed it at.
func WriteFile(path string, data []byte) error {
	return StreamFile(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// StreamFile is WriteFile for what is too long to be in memory: write gets the file piece by
// piece, and an error of it leaves the target as it was.
func StreamFile(path string, write func(io.Writer) error) (err error) {
	switch direct, err := special(path); {
	case err != nil:
		return err
	case direct:
		return writeThrough(path, write)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600 by its contract
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("cannot write %s: %w", path, err), os.Remove(tmp.Name()))
		}
	}()
	if err = write(tmp); err == nil {
		err = tmp.Sync() // else a crash can leave the new name with no content
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// special reports whether path is something that is written to directly.
func special(path string) (bool, error) {
	target, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("cannot write %s: %w", path, err)
	}
	if err == nil && target.IsDir() {
		return false, fmt.Errorf("cannot write %s: it is a folder; name a file in it", path)
	}
	if err == nil && !target.Mode().IsRegular() {
		return true, nil
	}
	if link, err := os.Lstat(path); err == nil && link.Mode()&fs.ModeSymlink != 0 {
		return false, fmt.Errorf("cannot write %s: it is a symbolic link; name the file itself", path)
	}
	return false, nil
}

func writeThrough(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	if err = errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return nil
}
