package tlsclient

// All are the clients of the table, one for each row: its first release.
func All() []Client {
	var out []Client
	for _, r := range table() {
		if c, ok := (query{family: r.family, major: r.from / release(1, 0), minor: r.from % release(1, 0), os: r.os}).find(); ok {
			out = append(out, c)
		}
	}
	return out
}
