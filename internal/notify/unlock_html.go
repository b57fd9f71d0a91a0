package notify

import "html/template"

var unlockHTML = template.Must(template.New(TemplateUnlock).Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Subject}}</title></head>
<body style="margin:0;padding:24px;background:#f4f5f7;color:#1d2733;font:16px/1.5 sans-serif">
<div style="max-width:520px;margin:0 auto;padding:32px;background:#ffffff;border-radius:8px">
<h1 style="margin:0 0 16px;font-size:22px">Your account at {{.Org}} is locked</h1>
<p>Hello {{.Name}},</p>
<p>there were too many wrong guesses, and somebody has asked to unlock it. Your user name is <strong>{{.Login}}</strong>.</p>
<p style="margin:24px 0"><a href="{{.Link}}" style="display:inline-block;padding:12px 20px;background:#1f5fbf;color:#ffffff;border-radius:6px;text-decoration:none">Unlock my account</a></p>
<p>Does the button not work? Copy this address into your browser:<br><span style="word-break:break-all">{{.Link}}</span></p>
<p style="color:#55606e;font-size:14px">The link works once, until {{.Until}}. Your password stays as it is.
If you did not expect this message, you can leave it unanswered: the account stays locked.</p>
</div>
</body>
</html>
`))
