// SPDX-License-Identifier: Apache-2.0

// Package plugin gives the page and the ticket of an objective names of their own, and the labels that every alert has.
package plugin

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/slok/sloth/pkg/common/conventions"
	pluginslov1 "github.com/slok/sloth/pkg/prometheus/plugin/slo/v1"
)

const (
	PluginVersion = "prometheus/slo/v1"
	PluginID      = "loan-service/alert_names/v1"
)

type plugin struct{}

func NewPlugin(_ json.RawMessage, _ pluginslov1.AppUtils) (pluginslov1.Plugin, error) {
	return plugin{}, nil
}

// ProcessSLO appends Fast to the page's name and Slow to the ticket's. Sloth's own severity and title repeat what
// `severity` and `summary` say.
func (p plugin) ProcessSLO(_ context.Context, request *pluginslov1.Request, result *pluginslov1.Result) error {
	names := map[string]string{"page": "Fast", "ticket": "Slow"}
	rules := result.SLORules.AlertRules.Rules
	for i := range rules {
		name, ok := names[rules[i].Labels[conventions.PromSLOSeverityLabelName]]
		if !ok {
			return fmt.Errorf("%s: an alert without a severity of Sloth", request.SLO.ID)
		}
		rules[i].Alert += name
		delete(rules[i].Labels, conventions.PromSLOSeverityLabelName)
		delete(rules[i].Annotations, "title")
	}
	return nil
}
