package kafka

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/twmb/franz-go/pkg/sasl/aws"
)

// awsCredentials finds what AWS_MSK_IAM signs with, at each login: the standard
// variables, else the profile of the credentials file.
func awsCredentials(context.Context) (aws.Auth, error) {
	auth := aws.Auth{
		AccessKey:    os.Getenv("AWS_ACCESS_KEY_ID"),
		SecretKey:    os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken: os.Getenv("AWS_SESSION_TOKEN"),
		UserAgent:    "weir",
	}
	if auth.AccessKey != "" && auth.SecretKey != "" {
		return auth, nil
	}
	file := os.Getenv("AWS_SHARED_CREDENTIALS_FILE")
	if file == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return aws.Auth{}, &secretError{error: errNoAWS}
		}
		file = filepath.Join(home, ".aws", "credentials")
	}
	profile := cmp.Or(os.Getenv("AWS_PROFILE"), "default")
	data, err := os.ReadFile(file)
	if err != nil {
		return aws.Auth{}, &secretError{error: fmt.Errorf("%w (%w)", errNoAWS, err)}
	}
	values := profileOf(data, profile)
	auth.AccessKey, auth.SecretKey = values["aws_access_key_id"], values["aws_secret_access_key"]
	auth.SessionToken = values["aws_session_token"]
	if auth.AccessKey == "" || auth.SecretKey == "" {
		return aws.Auth{}, &secretError{error: fmt.Errorf("%s: profile %s has no aws_access_key_id with aws_secret_access_key", file, profile)}
	}
	return auth, nil
}

var errNoAWS = errors.New("no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SHARED_CREDENTIALS_FILE and AWS_PROFILE")

// profileOf reads one profile of a credentials file.
func profileOf(data []byte, profile string) map[string]string {
	values := map[string]string{}
	inside := false
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if name, ok := strings.CutPrefix(line, "["); ok {
			inside = strings.TrimSpace(strings.TrimSuffix(name, "]")) == profile
			continue
		}
		if name, value, ok := strings.Cut(line, "="); ok && inside && line[0] != '#' && line[0] != ';' {
			values[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
		}
	}
	return values
}
