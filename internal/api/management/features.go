package management

import (
	"net/http"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/openapi"
)

func (a *API) mountFeatures(r *httpkit.Router) {
	r.Op(openapi.ListFeatures, a.listFeatures)
	r.Op(openapi.GetFeature, a.getFeature)
	r.Op(openapi.ListFeatureDependencies, a.listRelatedFeatures)
	r.Op(openapi.ListFeatureDependents, a.listRelatedFeatures)
	r.Op(openapi.UpdateFeatureLifecycle, a.setFeature)
}

// typeFeature is the name of features in errors about what does not exist.
const typeFeature = "Feature"

// featureView is something that an organisation can have or not.
// (spec: management Feature)
type featureView struct {
	ID          string                  `json:"id"`
	Name        string                  `json:"name"`
	Description string                  `json:"description"`
	Stage       featureStage            `json:"stage"`
	Status      string                  `json:"status"`
	Type        string                  `json:"type"`
	Links       map[string]httpkit.Href `json:"_links"`
}

type featureStage struct {
	Value string `json:"value"`
}

// featurePrefix begins the identifier of the one feature, which else is the
// organisation's own.
const featurePrefix = "ftr"

func featureID(o *idp.Org) string { return featurePrefix + o.ID[len(featurePrefix):] }

// featureOf is the one feature that organisations choose themselves: that
// people may make themselves known.
func featureOf(r *httpkit.Request, o *idp.Org) featureView {
	at := "/api/v1/features/" + featureID(o)
	v := featureView{
		ID: featureID(o), Name: "Self-service registration", Description: "Sign-in offers people who are not known yet to register.",
		Stage: featureStage{"EA"}, Status: "DISABLED", Type: "self-service",
		Links: map[string]httpkit.Href{
			"self": {Href: r.Link(at)}, "dependencies": {Href: r.Link(at + "/dependencies")}, "dependents": {Href: r.Link(at + "/dependents")},
		},
	}
	if o.Settings.Registration {
		v.Status = "ENABLED"
	}
	return v
}

// ofFeature tells whether the path names the feature.
func ofFeature(r *httpkit.Request) error {
	if id := r.Param("featureId"); id != featureID(r.Org) {
		return idp.NotFound(typeFeature, id)
	}
	return nil
}

// listFeatures lists the features. (spec: management#listFeatures)
func (a *API) listFeatures(r *httpkit.Request) error { return r.OK([]featureView{featureOf(r, r.Org)}) }

// getFeature reads one. (spec: management#getFeature)
func (a *API) getFeature(r *httpkit.Request) error {
	if err := ofFeature(r); err != nil {
		return err
	}
	return r.OK(featureOf(r, r.Org))
}

// listRelatedFeatures lists what a feature needs, or what needs it: nothing.
// (spec: management#listFeatureDependencies, management#listFeatureDependents)
func (a *API) listRelatedFeatures(r *httpkit.Request) error {
	if err := ofFeature(r); err != nil {
		return err
	}
	return r.Bytes(http.StatusOK, jsonType, []byte("[]"))
}

// setFeature enables or disables a feature.
// (spec: management#updateFeatureLifecycle)
func (a *API) setFeature(r *httpkit.Request) error {
	if err := ofFeature(r); err != nil {
		return err
	}
	on := false
	switch strings.ToLower(r.Param("lifecycle")) {
	case "enable":
		on = true
	case "disable":
	default:
		return &idp.Error{Kind: idp.KindBadRequest, Object: "lifecycle"}
	}
	o, err := a.Directory.SetRegistration(r.Context(), r.Actor, on)
	if err != nil {
		return err
	}
	a.OrgChanged()
	return r.OK(featureOf(r, o))
}
