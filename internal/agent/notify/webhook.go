package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/casdoctor/casdoctor/internal/agent/alert"
)

// The headers of a signed message. The signature is HMAC-SHA256 of the timestamp, a dot and the
// body: a receiver checks it, and refuses a timestamp that is more than some minutes off, so
// that a recorded message cannot be sent again later. Idempotency-Key is the same when a
// message is sent again because the answer was lost.
const (
	headerTimestamp = "Casdoctor-Timestamp"
	headerSignature = "Casdoctor-Signature"
	headerKey       = "Idempotency-Key"
)

// messageSchema is the version of the body. Within v1 it only ever gains members.
const messageSchema = "casdoctor.message/v1"

// webhook is a receiver of one's own.
type webhook struct {
	client *http.Client
	url    string
	secret []byte
	clock  func() time.Time
}

func (w webhook) send(ctx context.Context, m alert.Message) error {
	if m.Events == nil {
		m.Events = []alert.Event{}
	}
	body, err := json.Marshal(struct {
		Schema string `json:"schema"`
		Title  string `json:"title"`
		alert.Message
	}{messageSchema, title(m), m})
	if err != nil {
		return &Error{Permanent: true, Reason: "the message cannot be written as JSON"}
	}
	at := strconv.FormatInt(w.clock().Unix(), 10)
	_, err = post(ctx, w.client, w.url, body, http.Header{
		headerTimestamp: {at}, headerSignature: {"v1=" + Sign(w.secret, at, body)}, headerKey: {m.ID},
	})
	return err
}

// Sign is the signature of a body at a time, in hexadecimal digits.
func Sign(secret []byte, timestamp string, body []byte) string {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(timestamp + "."))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}
