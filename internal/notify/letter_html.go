package notify

import "html/template"

var letterHTML = template.Must(template.New("letter").Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Subject}}</title></head>
<body style="margin:0;padding:24px;background:#f4f5f7;color:#1d2733;font:16px/1.5 sans-serif">
<div style="max-width:520px;margin:0 auto;padding:32px;background:#ffffff;border-radius:8px">
<h1 style="margin:0 0 16px;font-size:22px">{{.Heading}}</h1>
<p>Hello {{.Name}},</p>
<p>{{.Lead}}{{if .ShowLogin}} Your user name is <strong>{{.Login}}</strong>.{{end}}</p>
{{if .Code}}<p style="margin:24px 0;padding:16px;background:#eef2f8;border-radius:6px;text-align:center;font:600 28px/1.2 monospace;letter-spacing:6px">{{.Code}}</p>
{{end}}{{if .Link}}<p style="margin:24px 0"><a href="{{.Link}}" style="display:inline-block;padding:12px 20px;background:#1f5fbf;color:#ffffff;border-radius:6px;text-decoration:none">{{.Button}}</a></p>
<p>Does the button not work? Copy this address into your browser:<br><span style="word-break:break-all">{{.Link}}</span></p>
{{end}}<p style="color:#55606e;font-size:14px">{{if .Limits}}{{.Limits}} {{end}}{{.Note}}</p>
</div>
</body>
</html>
`))
