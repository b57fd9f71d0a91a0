package notify

import (
	"context"
	"fmt"
)

// Pushes hands each push to the service that reaches its device. A nil member
// is a service that is not set up.
type Pushes struct {
	APNs, FCM Sender
	// Webhook takes what has no service, and what would go to one that is not
	// set up.
	Webhook Sender
}

// Send implements Sender.
func (p Pushes) Send(ctx context.Context, m Message) error {
	var s Sender
	switch m.Data[DataPushService] {
	case PushAPNs:
		s = p.APNs
	case PushFCM:
		s = p.FCM
	}
	if s == nil {
		s = p.Webhook
	}
	if s == nil {
		return Refused(fmt.Errorf("no push service is set up for a device of service %q", m.Data[DataPushService]))
	}
	return s.Send(ctx, m)
}
