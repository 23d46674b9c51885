package schema

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"go.uber.org/zap"
)

// ask puts one question to the registry until it is answered: to each URL in
// turn, then, with growing pauses, again. It gives up when the context ends,
// when an answer says that asking again is of no use, or after a time.
func ask[T any](ctx context.Context, r *Registry, what string, question func(context.Context, *sr.Client) (T, error)) (T, error) {
	start := time.Now()
	for attempt := 1; ; attempt++ {
		answer, err := question(ctx, r.client())
		err = describe(what, err)
		if err == nil || ctx.Err() != nil || !errors.As(err, new(*awayError)) {
			r.answered(err)
			return answer, err
		}
		pause := time.Duration(0)
		if attempt%len(r.clients) == 0 {
			pause = r.backoff(attempt / len(r.clients))
		}
		if time.Since(start)+pause > r.config.GiveUpAfter {
			return answer, fmt.Errorf("%w (given up after %s, see give_up_after)", err, time.Since(start).Round(time.Second))
		}
		if !r.away.Swap(true) {
			r.log.Warn("the schema registry does not answer; events wait for it", zap.Error(err), zap.Duration("give_up_after", r.config.GiveUpAfter))
		}
		if err := sleep(ctx, pause); err != nil {
			return answer, err
		}
		r.turn.Add(1)
	}
}

// client is the one to ask in an attempt that begins now. ask moves the turn on
// after a failure, so that the next question goes to the URL that answered.
func (r *Registry) client() *sr.Client {
	return r.clients[int(r.turn.Load())%len(r.clients)]
}

func (r *Registry) answered(err error) {
	if err == nil && r.away.Swap(false) {
		r.log.Info("the schema registry answers again")
	}
}

// backoff is the pause after a round of attempts: from 100 ms, doubling to 5 s,
// up to a third less by chance, so that many do not come back at once.
func backoff(round int) time.Duration {
	d := 5 * time.Second
	if round < 7 {
		d = min(d, 100*time.Millisecond<<(round-1))
	}
	return d - rand.N(d/3)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// awayError is a registry that does not answer now and may later.
type awayError struct{ err error }

func (e *awayError) Error() string { return e.err.Error() }
func (e *awayError) Unwrap() error { return e.err }

// describe sorts what came back: nil, ErrUnknown, an awayError, or an error
// that asking again does not mend.
func describe(what string, err error) error {
	var answer *sr.ResponseError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answer):
		return describeAnswer(what, answer)
	case untrusted(err):
		return fmt.Errorf("schema registry: %s: %w (its certificate is not trusted: see ssl_cafile)", what, err)
	case errors.Is(err, errTooLong):
		return fmt.Errorf("schema registry: %s: %w", what, err)
	}
	return &awayError{fmt.Errorf("schema registry: %s: %w", what, err)}
}

func describeAnswer(what string, a *sr.ResponseError) error {
	at := fmt.Errorf("schema registry: %s: %s answers %d: %.200s", what, a.URL, a.StatusCode, a.Error())
	switch {
	case a.ErrorCode/100 == 404:
		return fmt.Errorf("%s: %w (%.200s)", what, ErrUnknown, a.Error())
	case a.StatusCode == http.StatusUnauthorized, a.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%w (see username and password)", at)
	case a.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%w (that is not how a registry says that it does not know a schema: see url)", at)
	case a.StatusCode >= 500, a.StatusCode == http.StatusTooManyRequests, a.StatusCode == http.StatusRequestTimeout:
		return &awayError{at}
	}
	return at
}

func untrusted(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(x509.UnknownAuthorityError)) ||
		errors.As(err, new(x509.HostnameError)) || errors.As(err, new(x509.CertificateInvalidError))
}
