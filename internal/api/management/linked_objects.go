package management

import (
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/directory"
	"usher/internal/idp"
	"usher/openapi"
)

func (a *API) mountLinkedObjects(r *httpkit.Router) {
	r.Op(openapi.ListLinkedObjectDefinitions, a.listLinkedObjects)
	r.Op(openapi.CreateLinkedObjectDefinition, a.createLinkedObject)
	r.Op(openapi.GetLinkedObjectDefinition, a.getLinkedObject)
	r.Op(openapi.DeleteLinkedObjectDefinition, a.deleteLinkedObject)
	r.Op(openapi.AssignLinkedObjectValueForPrimary, a.linkUser)
	r.Op(openapi.ListLinkedObjectsForUser, a.listLinkedUsers)
	r.Op(openapi.DeleteLinkedObjectForUser, a.unlinkUser)
}

// linkSide is one side of a relation between users.
// (spec: management LinkedObjectDetails)
type linkSide struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Type        string `json:"type"`
}

// linkTypeUser is the only type of a side.
const linkTypeUser = "USER"

// linkedObjectBody is a relation in a request and, with its links, in an answer.
// (spec: management LinkedObject)
type linkedObjectBody struct {
	Primary    *linkSide       `json:"primary"`
	Associated *linkSide       `json:"associated"`
	Links      *linkedSelfLink `json:"_links,omitempty"`
}

type linkedSelfLink struct {
	Self httpkit.Href `json:"self"`
}

func (s *linkSide) side(name string) (directory.LinkSide, error) {
	if s == nil {
		return directory.LinkSide{}, idp.Invalid(name, idp.Cause{Field: name, Text: "The field cannot be left blank"})
	}
	if s.Type != linkTypeUser {
		return directory.LinkSide{}, idp.Invalid(name+".type", idp.Cause{Field: name + ".type", Text: "must be " + linkTypeUser})
	}
	return directory.LinkSide{Name: s.Name, Title: s.Title, Description: s.Description}, nil
}

func viewLinkedObject(org *idp.Org, o *directory.LinkedObject) linkedObjectBody {
	side := func(l directory.LinkSide) *linkSide { return &linkSide{l.Name, l.Title, l.Description, linkTypeUser} }
	return linkedObjectBody{
		Primary: side(o.Primary), Associated: side(o.Associated),
		Links: &linkedSelfLink{httpkit.Href{Href: org.BaseURL + "/api/v1/meta/schemas/user/linkedObjects/" + o.Primary.Name}},
	}
}

// listLinkedObjects lists the relations. (spec: management#listLinkedObjectDefinitions)
func (a *API) listLinkedObjects(r *httpkit.Request) error {
	all, err := a.Directory.LinkedObjects(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	out := make([]linkedObjectBody, 0, len(all))
	for _, o := range all {
		out = append(out, viewLinkedObject(r.Org, o))
	}
	return r.OK(out)
}

// createLinkedObject adds a relation. (spec: management#createLinkedObjectDefinition)
func (a *API) createLinkedObject(r *httpkit.Request) error {
	var body linkedObjectBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	var o directory.LinkedObject
	var err error
	if o.Primary, err = body.Primary.side("primary"); err != nil {
		return err
	}
	if o.Associated, err = body.Associated.side("associated"); err != nil {
		return err
	}
	made, err := a.Directory.CreateLinkedObject(r.Context(), r.Actor, o)
	if err != nil {
		return err
	}
	return r.JSON(http.StatusCreated, viewLinkedObject(r.Org, made))
}

// getLinkedObject reads a relation by the name of either side.
// (spec: management#getLinkedObjectDefinition)
func (a *API) getLinkedObject(r *httpkit.Request) error {
	o, err := a.Directory.LinkedObject(r.Context(), r.Actor, r.Param("linkedObjectName"))
	if err != nil {
		return err
	}
	return r.OK(viewLinkedObject(r.Org, o))
}

// deleteLinkedObject removes a relation with its links.
// (spec: management#deleteLinkedObjectDefinition)
func (a *API) deleteLinkedObject(r *httpkit.Request) error {
	if err := a.Directory.DeleteLinkedObject(r.Context(), r.Actor, r.Param("linkedObjectName")); err != nil {
		return err
	}
	return r.NoContent()
}

// linkUser gives a user a primary one.
// (spec: management#assignLinkedObjectValueForPrimary)
func (a *API) linkUser(r *httpkit.Request) error {
	if err := a.Directory.Link(r.Context(), r.Actor, userRef(r), r.Param("primaryRelationshipName"), r.Param("primaryUserId")); err != nil {
		return err
	}
	return r.NoContent()
}

// linkedPage is how many users a page of linked ones has, and has at most.
const linkedPage = 200

// listLinkedUsers lists links to the users at the other side of a relation.
// (spec: management#listLinkedObjectsForUser)
func (a *API) listLinkedUsers(r *httpkit.Request) error {
	p, err := r.Page(linkedPage, linkedPage)
	if err != nil {
		return err
	}
	ids, next, err := a.Directory.Linked(r.Context(), r.Actor, userRef(r), r.Param("relationshipName"), p)
	if err != nil {
		return err
	}
	type link struct {
		Links linkedSelfLink `json:"_links"`
	}
	out := make([]link, 0, len(ids))
	for _, id := range ids {
		out = append(out, link{linkedSelfLink{httpkit.Href{Href: r.Org.BaseURL + "/api/v1/users/" + id}}})
	}
	r.Links(next)
	return r.OK(out)
}

// unlinkUser takes the primary user from a user.
// (spec: management#deleteLinkedObjectForUser)
func (a *API) unlinkUser(r *httpkit.Request) error {
	if err := a.Directory.Unlink(r.Context(), r.Actor, userRef(r), r.Param("relationshipName")); err != nil {
		return err
	}
	return r.NoContent()
}
