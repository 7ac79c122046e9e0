//go:build !linux

package agent

import "time"

func monotonic() time.Duration { return 0 } // there is no systemd
