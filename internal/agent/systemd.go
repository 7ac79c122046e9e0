package agent

import (
	"net"
	"os"
)

// notify tells systemd what the agent does (sd_notify(3)); without systemd it does nothing.
func (a *Agent) notify(state string) {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"}) // @ is an abstract socket for both
	if err == nil {
		_, err = c.Write([]byte(state))
		_ = c.Close()
	}
	if err != nil {
		a.Log.Warn().Err(err).Msg("systemd cannot be told what the agent does")
	}
}
