package jobs

import (
	"context"
	"fmt"

	"github.com/riverqueue/river/riverdriver"
)

// bell wakes the queue for a job that this agent has just queued, without the database: the
// queue itself is asked seldom. River's listeners would cost an idle agent more than the
// rest of it: the one for SQLite asks twenty times a second, and the one for PostgreSQL keeps
// a connection that PgBouncer may take away.
type bell struct{ looks, upkeep chan struct{} }

func newBell() bell { return bell{make(chan struct{}, 1), make(chan struct{}, 1)} }

// ring is called when the transaction that has queued the job is committed.
func (b bell) ring(queue string) {
	c := b.looks
	if queue == upkeepQueue {
		c = b.upkeep
	}
	select {
	case c <- struct{}{}:
	default: // it rings already
	}
}

// belled is a driver of River whose notifications are the bell's.
type belled[T any] struct {
	riverdriver.Driver[T]
	bell bell
}

func (b belled[T]) GetListener(*riverdriver.GetListenenerParams) riverdriver.Listener {
	return listener{b.bell}
}

// SupportsListener reports that there is a listener.
func (belled[T]) SupportsListener() bool { return true }

// SupportsListenNotify reports that nothing is told through the database.
func (belled[T]) SupportsListenNotify() bool { return false }

// listener is the bell in River's terms. There is no connection, and it hears everything.
type listener struct{ bell bell }

func (listener) Close(context.Context) error            { return nil }
func (listener) Connect(context.Context) error          { return nil }
func (listener) Listen(context.Context, string) error   { return nil }
func (listener) Unlisten(context.Context, string) error { return nil }
func (listener) Ping(context.Context) error             { return nil }
func (listener) Schema() string                         { return "" }
func (listener) SetAfterConnectExec(string)             {}

// WaitForNotification says, as River does after an insert, which queue to ask.
func (l listener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	queue := lookQueue
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.bell.looks:
	case <-l.bell.upkeep:
		queue = upkeepQueue
	}
	return &riverdriver.Notification{Topic: "river_insert", Payload: fmt.Sprintf(`{"queue": %q}`, queue)}, nil
}
