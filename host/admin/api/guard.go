package api

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// guard refuses what a page of another site may have made a browser send. A
// name that somebody else's DNS leads here is no name of this host, so a page
// under such a name cannot read answers (DNS rebinding); a page under any other is
// told by the browser's own headers.
func (s *Server) guard(r *http.Request) error {
	if !s.named(r.Host) {
		return refuse(Unnamed, "reach weir by a loopback address, or add the name to admin.names", "the request is for the host %q", r.Host)
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return refuse(CrossSite, "", "the browser says that the request is %s", site)
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		from, err := url.Parse(origin)
		if err != nil || !strings.EqualFold(from.Host, r.Host) {
			return refuse(CrossSite, "", "the request comes from the origin %q", origin)
		}
	}
	return nil
}

// named tells whether a host that a request names is this one. What comes by a
// unix socket comes from no browser.
func (s *Server) named(hostPort string) bool {
	if strings.HasPrefix(s.cfg.Listen, unixPrefix) {
		return true
	}
	host := bareHost(hostPort)
	if isLoopback(host) || slices.ContainsFunc(s.cfg.Names, func(name string) bool { return strings.EqualFold(name, host) }) {
		return true
	}
	if own := bareHost(s.cfg.Listen); net.ParseIP(own) != nil && !net.ParseIP(own).IsUnspecified() && own == host {
		return true
	}
	return s.authority != nil && s.authority.names(host)
}

// bareHost takes the port and the brackets off.
func bareHost(hostPort string) string {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = hostPort
	}
	return strings.Trim(host, "[]")
}

// isLoopback tells whether a host is this machine and no other can reach it.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
