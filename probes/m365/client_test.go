package m365

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestInTimeLeavesAMargin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outer, cancel := context.WithTimeout(t.Context(), 60*time.Second)
		defer cancel()
		inner, cancel := inTime(outer)
		defer cancel()
		start := time.Now()
		<-inner.Done()
		if took := time.Since(start); took != 54*time.Second || outer.Err() != nil || !errors.Is(inner.Err(), context.DeadlineExceeded) {
			t.Errorf("ended after %v, %v", took, inner.Err())
		}
	})
}

func TestKnownWantsAnObjectWithItsID(t *testing.T) {
	type thing struct {
		ID string `json:"id"`
	}
	decode := known(func(v thing) string { return v.ID })
	for raw, ok := range map[string]bool{
		`{"id":"a"}`: true, ` {"id":"a","more":1}`: true, `{}`: false, `{"id":""}`: false, `{"id":null}`: false,
		`{"id":1}`: false, `null`: false, `"a"`: false, `[]`: false, `{`: false, ``: false,
	} {
		if _, err := decode(json.RawMessage(raw)); (err == nil) != ok {
			t.Errorf("%s: %v", raw, err)
		}
	}
}
