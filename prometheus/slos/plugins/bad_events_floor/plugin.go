// SPDX-License-Identifier: Apache-2.0

// Package plugin keeps an alert silent while its long window has only a few bad events.
package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"
	"time"

	"github.com/slok/sloth/pkg/common/model"
	promutils "github.com/slok/sloth/pkg/common/utils/prometheus"
	pluginslov1 "github.com/slok/sloth/pkg/prometheus/plugin/slo/v1"
)

const (
	PluginVersion = "prometheus/slo/v1"
	PluginID      = "loan-service/bad_events_floor/v1"
)

type config struct {
	BadEvents float64 `json:"bad_events"`
}

type plugin struct {
	config config
}

func NewPlugin(raw json.RawMessage, _ pluginslov1.AppUtils) (pluginslov1.Plugin, error) {
	c := config{}
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("invalid config: %w", err)
	}
	if c.BadEvents <= 0 {
		return nil, fmt.Errorf("bad_events has to be above 0")
	}
	return plugin{config: c}, nil
}

// ProcessSLO adds the floor to both pairs of windows of the page and of the ticket, which Sloth writes as
// "( short and long )\nor\n( short and long )".
func (p plugin) ProcessSLO(_ context.Context, request *pluginslov1.Request, result *pluginslov1.Result) error {
	group := request.MWMBAlertGroup
	pairs := [][]model.MWMBAlert{{group.PageQuick, group.PageSlow}, {group.TicketQuick, group.TicketSlow}}
	rules := result.SLORules.AlertRules.Rules
	if request.SLO.SLI.Events == nil || len(rules) != len(pairs) {
		return fmt.Errorf("%s: events and both alerts are needed", request.SLO.ID)
	}
	for i := range rules {
		branches := strings.Split(strings.TrimSpace(rules[i].Expr), "\nor\n")
		if len(branches) != len(pairs[i]) {
			return fmt.Errorf("%s: an alert has %d pairs of windows", request.SLO.ID, len(branches))
		}
		for j := range branches {
			floor, err := p.floor(request.SLO.SLI.Events.ErrorQuery, pairs[i][j].LongWindow)
			if err != nil {
				return err
			}
			branches[j] = strings.TrimSuffix(branches[j], "\n)") + "\n    and on ()\n    " + floor + "\n)"
		}
		rules[i].Expr = strings.Join(branches, "\nor\n") + "\n"
	}
	return nil
}

// floor turns the rate of bad events into their number: a rate times its window is the increase.
func (p plugin) floor(errorQuery string, window time.Duration) (string, error) {
	tpl, err := template.New("floor").Option("missingkey=error").Parse(errorQuery)
	if err != nil {
		return "", fmt.Errorf("could not read the error query: %w", err)
	}
	var query bytes.Buffer
	if err := tpl.Execute(&query, map[string]string{"window": promutils.TimeDurationToPromStr(window)}); err != nil {
		return "", fmt.Errorf("could not render the error query: %w", err)
	}
	return fmt.Sprintf("(%s) * %g >= %g", query.String(), window.Seconds(), p.config.BadEvents), nil
}
