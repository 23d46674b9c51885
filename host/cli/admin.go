package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/admin/api"
)

// adminConfig is where the admin API of a run is; nil is nowhere: the
// configuration says so, or nobody has chosen an address, and the run has no
// endpoints at all.
func adminConfig(spec *host.Spec, listen string) *api.Config {
	if spec.Admin == nil || spec.Admin.Listen == "" && listen == off {
		return nil
	}
	return spec.Admin
}

// serveAPI serves the admin API until stop is called. When nobody has chosen its
// address and another weir has it, the pipelines run without.
func (s *service) serveAPI(ctx context.Context) (stop func() error, err error) {
	cfg := *s.admin
	chosen := cfg.Listen != ""
	b := build()
	cfg.Version = api.Version{Version: b.Version, Revision: b.Revision, Go: b.GoVersion}
	cfg.Host, cfg.Log = s.host.API(), s.log
	server, err := api.Listen(cfg)
	switch {
	case errors.Is(err, api.ErrTaken) && !chosen:
		s.log.Warn("the admin API is not served; set admin.listen to another address, or to off", zap.Error(err))
		return func() error { return nil }, nil
	case err != nil:
		return nil, err
	}
	s.log.Info("the admin API is served", zap.String("address", server.Addr()), zap.Bool("open", server.Open()))
	go func() {
		if err := server.Serve(); err != nil {
			s.log.Error("the admin API is gone; the pipelines go on", zap.Error(err))
		}
	}()
	return func() error {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		return server.Close(closing)
	}, nil
}

// adminFlags say which weir a command speaks to.
type adminFlags struct {
	address, token, tokenFile string
	ca, cert, key             string
}

func (f *adminFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.address, "admin", "http://"+api.DefaultListen, "`ADDRESS` of the admin API: http://HOST:PORT, https://HOST:PORT or unix:PATH")
	flags.StringVar(&f.token, "token", "", "`TOKEN` to show; others on the machine can see what a command line says, so better set the variable or --token-file")
	flags.StringVar(&f.tokenFile, "token-file", "", "`FILE` with the token")
	flags.StringVar(&f.ca, "admin-ca", "", "PEM `FILE` of the authorities that sign the API's certificate (default: those of the system)")
	flags.StringVar(&f.cert, "admin-cert", "", "PEM `FILE` of the certificate to show")
	flags.StringVar(&f.key, "admin-key", "", "PEM `FILE` of its key")
}

func (f *adminFlags) dial() (*api.Remote, error) {
	token := f.token
	if f.tokenFile != "" {
		if token != "" {
			return nil, usageError{errors.New("--token and --token-file are two ways to say the same; leave one out")}
		}
		text, err := os.ReadFile(f.tokenFile)
		if err != nil {
			return nil, usageError{fmt.Errorf("--token-file: %w", err)}
		}
		token = strings.TrimSpace(string(text))
	}
	remote, err := api.Dial(api.ClientConfig{Address: f.address, Token: token, CAFile: f.ca, CertFile: f.cert, KeyFile: f.key})
	if err != nil {
		return nil, usageError{fmt.Errorf("--admin: %w", err)}
	}
	return remote, nil
}

// askAdmin makes a command of one that speaks to the admin API; a signal cuts it.
func (a *app) askAdmin(cmd *cobra.Command, ask func(ctx context.Context, remote *api.Remote, args []string) error) *cobra.Command {
	var f adminFlags
	f.add(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		remote, err := f.dial()
		if err != nil {
			return err
		}
		ctx, drain, release := stopSignals(cmd.Context(), true, a.tell)
		defer release()
		ctx, cancel := until(ctx, drain)
		defer cancel()
		return explainAdmin(ask(ctx, remote, args))
	}
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		return completePipelines(cmd, a, &f, args, begun)
	}
	return cmd
}

// explainAdmin says what helps where the API itself cannot.
func explainAdmin(err error) error {
	if errors.Is(err, api.ErrNobody) {
		return fmt.Errorf("%w\nis weir running there, and is its admin.listen that address? --admin or WEIR_ADMIN names another", err)
	}
	return err
}

// completePipelines offers the names of the pipelines that run. A shell waits for
// it: what takes long or fails offers nothing.
func completePipelines(cmd *cobra.Command, a *app, f *adminFlags, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if !strings.Contains(cmd.Use, "PIPELINE") || len(args) > 0 && !strings.Contains(cmd.Use, "...") {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completeWithin)
	defer cancel()
	if err := fromEnvironment(cmd, a.environ); err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	remote, err := f.dial()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	all, err := remote.Pipelines(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, p := range all {
		if strings.HasPrefix(p.Name, begun) && !slices.Contains(args, p.Name) {
			names = append(names, p.Name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
