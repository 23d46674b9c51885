package api

import (
	"context"
	"net/http"
	"slices"
)

const tenantsPath = "/api/v1/tenants"

// TenantList is who shares the process.
type TenantList struct {
	Tenants []Tenant `json:"tenants" doc:"In the order of the configuration."`
}

// Tenant is one tenant, with what it may use and has used.
type Tenant struct {
	Name      string      `json:"name"`
	Pipelines int         `json:"pipelines" doc:"How many it has."`
	Quota     TenantQuota `json:"quota"`
	Usage     TenantUsage `json:"usage"`
}

// TenantQuota is what a tenant may use. What is absent is not bounded.
type TenantQuota struct {
	Weight    int     `json:"cpu_weight" doc:"The share of the CPU, against tenants that compute at the same time."`
	CPU       float64 `json:"cpu,omitempty" doc:"Cores on average."`
	Memory    uint64  `json:"memory,omitempty" doc:"Bytes of all instances together."`
	Instances int     `json:"instances,omitempty"`
	Pipelines int     `json:"pipelines,omitempty"`
	Events    uint64  `json:"events_per_second,omitempty" doc:"Records that are read a second."`
	Bytes     uint64  `json:"bytes_per_second,omitempty" doc:"Bytes that are read a second."`
	LogLines  int     `json:"log_lines_per_second,omitempty"`
}

// TenantUsage is what a tenant has used since the process started.
type TenantUsage struct {
	Fuel          uint64  `json:"fuel" doc:"Fuel that its modules used: the same on every machine."`
	CPU           float64 `json:"cpu_seconds" doc:"Time for which its modules had a core."`
	Memory        uint64  `json:"memory_bytes" doc:"Memory that its instances have now."`
	MemorySeconds float64 `json:"memory_byte_seconds" doc:"That memory, summed over time."`
	Instances     int     `json:"instances" doc:"Instances that it has now."`
	Events        uint64  `json:"events" doc:"Records that its sources read."`
	Bytes         uint64  `json:"bytes" doc:"Bytes of those: keys, values and headers."`
	Waited        Waited  `json:"waited_seconds" doc:"How long it was held up, summed over what waited."`
	Suppressed    uint64  `json:"suppressed_log_lines" doc:"Lines of its modules over the quota."`
}

// Waited is time in seconds by what was waited for.
type Waited struct {
	CPU    float64 `json:"cpu" doc:"Modules, for a slot."`
	Events float64 `json:"events" doc:"Sources, for events_per_second."`
	Bytes  float64 `json:"bytes" doc:"Sources, for bytes_per_second."`
}

func listTenants(_ context.Context, s *Server, c *call) (any, error) {
	all := slices.DeleteFunc(s.cfg.Host.Tenants(), func(t Tenant) bool { return !c.who.sees(t.Name) })
	return TenantList{Tenants: append([]Tenant{}, all...)}, nil
}

// Tenants lists the tenants that the client may see.
func (c *Remote) Tenants(ctx context.Context) ([]Tenant, error) {
	var list TenantList
	err := c.do(ctx, http.MethodGet, tenantsPath, nil, &list)
	return list.Tenants, err
}
