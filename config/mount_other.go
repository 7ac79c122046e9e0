//go:build unix && !linux

package config

import "os"

// onReadOnlyMount is false: the containers that mount secrets read-only run on Linux.
func onReadOnlyMount(*os.File) bool { return false }
