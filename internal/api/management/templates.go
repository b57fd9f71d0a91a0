package management

import (
	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/notify"
	"usher/openapi"
)

// TemplatesAPI answers for an organisation's own texts of messages.
type TemplatesAPI struct {
	Templates *notify.Templates
}

// Mount registers the operations.
func (a *TemplatesAPI) Mount(r *httpkit.Router) {
	r.Op(openapi.ListSmsTemplates, a.list)
	r.Op(openapi.CreateSmsTemplate, a.create)
	r.Op(openapi.GetSmsTemplate, a.get)
	r.Op(openapi.UpdateSmsTemplate, a.update)
	r.Op(openapi.ReplaceSmsTemplate, a.replace)
	r.Op(openapi.DeleteSmsTemplate, a.delete)
}

// smsTemplateView is a text in an answer. (spec: management SmsTemplate)
type smsTemplateView struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	Type         string            `json:"type"`
	Template     string            `json:"template"`
	Translations map[string]string `json:"translations"`
	Created      *string           `json:"created"`
	LastUpdated  *string           `json:"lastUpdated"`
}

func viewTemplate(t *notify.SMSTemplate) smsTemplateView {
	v := smsTemplateView{
		ID: t.ID, Name: t.Name, Type: t.Type, Template: t.Template, Translations: t.Translations,
		Created: httpkit.Seconds(t.Created), LastUpdated: httpkit.Seconds(t.LastUpdated),
	}
	if v.Translations == nil {
		v.Translations = map[string]string{}
	}
	return v
}

// smsTemplateBody is a text in a request.
type smsTemplateBody struct {
	Name         *string            `json:"name"`
	Type         *string            `json:"type"`
	Template     *string            `json:"template"`
	Translations map[string]*string `json:"translations"` // null takes a language away
}

func (a *TemplatesAPI) input(r *httpkit.Request) (notify.TemplateInput, error) {
	var body smsTemplateBody
	if err := r.Decode(&body); err != nil {
		return notify.TemplateInput{}, err
	}
	in := notify.TemplateInput{Name: body.Name, Type: body.Type, Template: body.Template}
	for language, text := range body.Translations {
		if in.Translations == nil {
			in.Translations = map[string]string{}
		}
		in.Translations[language] = ""
		if text != nil {
			in.Translations[language] = *text
		}
	}
	return in, nil
}

// list lists the texts, of one type if the query names one.
// (spec: management#listSmsTemplates)
func (a *TemplatesAPI) list(r *httpkit.Request) error {
	wanted := r.Q().Get("templateType")
	if wanted != "" && wanted != notify.SMSVerifyCode {
		return &idp.Error{Kind: idp.KindBadRequest, Object: "templateType"}
	}
	list, err := a.Templates.List(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	views := make([]smsTemplateView, 0, len(list))
	for _, t := range list {
		views = append(views, viewTemplate(t))
	}
	return r.OK(views)
}

func (a *TemplatesAPI) get(r *httpkit.Request) error {
	t, err := a.Templates.Get(r.Context(), r.Actor, r.Param("templateId"))
	if err != nil {
		return err
	}
	return r.OK(viewTemplate(t))
}

func (a *TemplatesAPI) create(r *httpkit.Request) error {
	in, err := a.input(r)
	if err != nil {
		return err
	}
	t, err := a.Templates.Create(r.Context(), r.Actor, in)
	if err != nil {
		return err
	}
	return r.OK(viewTemplate(t))
}

func (a *TemplatesAPI) replace(r *httpkit.Request) error {
	in, err := a.input(r)
	if err != nil {
		return err
	}
	t, err := a.Templates.Replace(r.Context(), r.Actor, r.Param("templateId"), in)
	if err != nil {
		return err
	}
	return r.OK(viewTemplate(t))
}

// update changes some members. (spec: management#updateSmsTemplate)
func (a *TemplatesAPI) update(r *httpkit.Request) error {
	in, err := a.input(r)
	if err != nil {
		return err
	}
	t, err := a.Templates.Update(r.Context(), r.Actor, r.Param("templateId"), in)
	if err != nil {
		return err
	}
	return r.OK(viewTemplate(t))
}

func (a *TemplatesAPI) delete(r *httpkit.Request) error {
	if err := a.Templates.Delete(r.Context(), r.Actor, r.Param("templateId")); err != nil {
		return err
	}
	return r.NoContent()
}
