package facts

import "time"

// LMPSubscription is the fact that package lmp observes.
var LMPSubscription = Key[Subscription]{"lmp.subscription"}

// Subscription is a subscription of the Licensing Management Platform (LMPI v3, "Customers ::
// Subscription :: Get"). The activation code of a licence (ac_code) and the sign-in link of the
// subscription (service_url, with a token in it) are secrets: neither has a member here.
type Subscription struct {
	ID       string    `json:"subscription_id"`
	Name     *string   `json:"name,omitempty"` // of the service plan: free text
	Enabled  *bool     `json:"enabled,omitempty"`
	Licenses []Licence `json:"licenses"`
}

// Licence is one licence of a subscription.
type Licence struct {
	ProductID *string    `json:"product_id,omitempty"`
	Version   *string    `json:"version,omitempty"` // trial | full; only some products have it
	Starts    *time.Time `json:"license_start_date,omitempty"`
	Expires   *time.Time `json:"license_expiration_date,omitempty"`
	Grace     *int       `json:"grace_period,omitempty"` // its unit is not documented
	Enabled   *bool      `json:"enabled,omitempty"`
}
