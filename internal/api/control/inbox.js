// Shows new messages as they come: asks for what is newer than the newest one
// that the page knew, and loads the page again when there is something. A
// message that somebody has opened stays open.
(async () => {
  const newest = document.body.dataset.newest;
  const query = new URLSearchParams({ after: newest, limit: '1', wait: '25s' });
  if (document.body.dataset.org) query.set('org', document.body.dataset.org);
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  for (;;) {
    try {
      const answer = await fetch(`/inbox/messages?${query}`);
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const { messages } = await answer.json();
      document.documentElement.dataset.live = 'on';
      if (messages.length > 0) {
        location.reload();
        return;
      }
    } catch {
      // The server is away, or starts again: the page keeps what it shows.
      document.documentElement.dataset.live = 'off';
      await pause(2000);
    }
  }
})();
