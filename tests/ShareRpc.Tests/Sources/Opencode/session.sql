-- A session of opencode as its database holds it: the tables and columns that the source reads.
-- Each step below is one change of a message (part null) or of a part: its body is merged into the document.
-- The trigger writes the row and its event, as opencode does in one transaction, and the list given to todowrite.
CREATE TABLE session (
  id text PRIMARY KEY, project_id text NOT NULL, parent_id text, slug text NOT NULL, directory text NOT NULL, path text,
  title text NOT NULL, version text NOT NULL, share_url text, summary_additions integer, summary_deletions integer,
  summary_files integer, cost real DEFAULT 0 NOT NULL, tokens_input integer DEFAULT 0 NOT NULL,
  tokens_output integer DEFAULT 0 NOT NULL, tokens_reasoning integer DEFAULT 0 NOT NULL,
  tokens_cache_read integer DEFAULT 0 NOT NULL, tokens_cache_write integer DEFAULT 0 NOT NULL, agent text, model text,
  time_created integer NOT NULL, time_updated integer NOT NULL);
CREATE TABLE message (
  id text PRIMARY KEY, session_id text NOT NULL REFERENCES session(id) ON DELETE CASCADE,
  time_created integer NOT NULL, time_updated integer NOT NULL, data text NOT NULL);
CREATE TABLE part (
  id text PRIMARY KEY, message_id text NOT NULL REFERENCES message(id) ON DELETE CASCADE, session_id text NOT NULL,
  time_created integer NOT NULL, time_updated integer NOT NULL, data text NOT NULL);
CREATE TABLE todo (
  session_id text NOT NULL REFERENCES session(id) ON DELETE CASCADE, content text NOT NULL, status text NOT NULL,
  priority text NOT NULL, position integer NOT NULL, time_created integer NOT NULL, time_updated integer NOT NULL,
  PRIMARY KEY (session_id, position));
CREATE TABLE event_sequence (aggregate_id text PRIMARY KEY, seq integer NOT NULL, owner_id text);
CREATE TABLE event (
  id text PRIMARY KEY, aggregate_id text NOT NULL REFERENCES event_sequence(aggregate_id) ON DELETE CASCADE,
  seq integer NOT NULL, type text NOT NULL, data text NOT NULL);
CREATE UNIQUE INDEX event_aggregate_seq_idx ON event (aggregate_id, seq);

INSERT INTO session VALUES ('ses_e0583000fffeDurationsInSec01', 'prj_durations', NULL, 'quiet-harbor',
  '/home/dev/durations', '', 'Seconds are NaN', '1.18.33', NULL, 8, 1, 2, 0.0214, 6180, 742, 210, 0, 0, 'build',
  '{"id":"example-large","providerID":"example","variant":"default"}', 1795200000000, 1795200060000);
INSERT INTO event_sequence VALUES ('ses_e0583000fffeDurationsInSec01', 0, NULL);
INSERT INTO event SELECT 'evt_000000000000', id, 0, 'session.created.1', json_object('sessionID', id, 'info',
  json_object('id', id, 'slug', slug, 'projectID', project_id, 'directory', directory, 'title', title,
  'version', version, 'time', json_object('created', time_created, 'updated', time_created))) FROM session;

CREATE TABLE step (
  seq integer PRIMARY KEY, message integer, part integer, body text,
  at integer AS (1795200000000 + seq * 900),
  event_id text AS (printf('evt_%012d', seq)),
  message_id text AS (printf('msg_%012d', message)),
  part_id text AS (printf('prt_%012d', part)));
CREATE TRIGGER play AFTER INSERT ON step BEGIN
  INSERT INTO message SELECT new.message_id, id, new.at, new.at, json_patch(
    json_object('time', json_object('created', new.at)),
    CASE new.body ->> '$.role'
      WHEN 'assistant' THEN json_patch('{"mode":"build","agent":"build",
        "path":{"cwd":"/home/dev/durations","root":"/home/dev/durations"},"cost":0,
        "tokens":{"input":0,"output":0,"reasoning":0,"cache":{"read":0,"write":0}},
        "modelID":"example-large","providerID":"example"}', new.body)
      ELSE json_patch('{"agent":"build","model":{"providerID":"example","modelID":"example-large"}}', new.body)
    END) FROM session WHERE new.part IS NULL
    ON CONFLICT (id) DO UPDATE SET data = json_patch(data, new.body), time_updated = new.at;
  INSERT INTO part SELECT new.part_id, new.message_id, id, new.at, new.at, json(new.body) FROM session
    WHERE new.part IS NOT NULL
    ON CONFLICT (id) DO UPDATE SET data = json_patch(data, new.body), time_updated = new.at;
  INSERT INTO event SELECT new.event_id, session_id, new.seq, 'message.updated.1', json_object('sessionID', session_id,
    'info', json_patch(json_object('id', id, 'sessionID', session_id), data))
    FROM message WHERE new.part IS NULL AND id = new.message_id;
  INSERT INTO event SELECT new.event_id, session_id, new.seq, 'message.part.updated.1', json_object(
    'sessionID', session_id, 'part', json_patch(json_object('id', id, 'sessionID', session_id, 'messageID', message_id), data),
    'time', new.at)
    FROM part WHERE new.part IS NOT NULL AND id = new.part_id;
  INSERT OR REPLACE INTO todo SELECT session.id, one.value ->> 'content', one.value ->> 'status',
    one.value ->> 'priority', one.key, 1795200000000, new.at FROM session, json_each(new.body, '$.state.input.todos') AS one
    WHERE new.body ->> '$.state.status' = 'completed';
  UPDATE event_sequence SET seq = new.seq;
END;
INSERT INTO step (message, part, body) VALUES
(1, NULL, '{"role":"user"}'),
(1, 1, '{"type":"text","text":"`seconds(\"45s\")` returns NaN instead of 45. Find out why, fix it, and add a test."}'),
(2, NULL, '{"role":"assistant","parentID":"msg_000000000001"}'),
(2, 2, '{"type":"step-start","snapshot":"3f1c0a7be52d"}'),
(2, 3, '{"type":"reasoning","text":"","time":{"start":1795200004500}}'),
(2, 3, '{"text":"NaN from a parser usually means that a unit has no factor. I read the function first, then the tests."}'),
(2, 3, '{"time":{"end":1795200005400}}'),
(2, 4, '{"type":"tool","tool":"todowrite","callID":"call_1","state":{"status":"pending","input":{},"raw":""}}'),
(2, 4, '{"state":{"status":"completed","raw":null,"input":{"todos":[
  {"content":"Read src/duration.ts","status":"in_progress","priority":"high"},
  {"content":"Write a test that fails","status":"pending","priority":"high"},
  {"content":"Fix it and run all tests","status":"pending","priority":"high"}]},
  "output":"3 todos","title":"3 todos","metadata":{},"time":{"start":1795200007200,"end":1795200007300}}}'),
(2, 5, '{"type":"tool","tool":"read","callID":"call_2","state":{"status":"pending","input":{},"raw":""}}'),
(2, 5, '{"state":{"status":"completed","raw":null,"input":{"filePath":"/home/dev/durations/src/duration.ts"},
  "output":"1: const FACTORS: Record<string, number> = { h: 3600, m: 60 }\n2: \n3: export function seconds(text: string): number {\n4:   let total = 0\n5:   for (const [, count, unit] of text.matchAll(/(\\d+)([hms])/g)) total += Number(count) * FACTORS[unit]\n6:   return total\n7: }\n",
  "title":"src/duration.ts","metadata":{"truncated":false},"time":{"start":1795200009000,"end":1795200009020}}}'),
(2, 6, '{"type":"step-finish","reason":"tool-calls","snapshot":"3f1c0a7be52d","cost":0.0051,
  "tokens":{"total":1500,"input":1320,"output":120,"reasoning":60,"cache":{"read":0,"write":0}}}'),
(2, NULL, '{"cost":0.0051,"tokens":{"input":1320,"output":120,"reasoning":60},"finish":"tool-calls","time":{"completed":1795200011700}}'),
(3, NULL, '{"role":"assistant","parentID":"msg_000000000001"}'),
(3, 7, '{"type":"step-start","snapshot":"3f1c0a7be52d"}'),
(3, 8, '{"type":"text","text":"","time":{"start":1795200014400}}'),
(3, 8, '{"text":"The pattern accepts `s`, but `FACTORS` has only `h` and `m`. "}'),
(3, 8, '{"text":"The pattern accepts `s`, but `FACTORS` has only `h` and `m`. The test comes first, so that it is seen to fail.",
  "time":{"end":1795200016200}}'),
(3, 9, '{"type":"tool","tool":"edit","callID":"call_3","state":{"status":"running","input":{
  "filePath":"/home/dev/durations/test/duration.test.ts",
  "oldString":"assert.equal(seconds(\"2m\"), 120)\n})\n",
  "newString":"assert.equal(seconds(\"2m\"), 120)\n})\n\ntest(\"seconds\", () => {\n  assert.equal(seconds(\"45s\"), 45)\n  assert.equal(seconds(\"1h2m3s\"), 3723)\n})\n"},
  "time":{"start":1795200017000}}}'),
(3, 9, '{"state":{"status":"completed","output":"Edit applied successfully.","title":"test/duration.test.ts","metadata":{"diff":
  "Index: test/duration.test.ts\n===================================================================\n--- test/duration.test.ts\n+++ test/duration.test.ts\n@@ -8,3 +8,8 @@\n   assert.equal(seconds(\"2m\"), 120)\n })\n+\n+test(\"seconds\", () => {\n+  assert.equal(seconds(\"45s\"), 45)\n+  assert.equal(seconds(\"1h2m3s\"), 3723)\n+})\n"},
  "time":{"end":1795200017100}}}'),
(3, 10, '{"type":"tool","tool":"bash","callID":"call_4","state":{"status":"running","input":{"command":"node --test","description":
  "Runs the tests"},"time":{"start":1795200018900}}}'),
(3, 10, '{"state":{"status":"completed","output":"✔ hours (0.6ms)\n✔ minutes (0.1ms)\n✖ seconds (0.9ms)\n  AssertionError: Expected values to be strictly equal:\n  NaN !== 45\nℹ tests 3\nℹ pass 2\nℹ fail 1\n",
  "title":"Runs the tests","metadata":{"exit":1,"truncated":false},"time":{"end":1795200019800}}}'),
(3, 11, '{"type":"step-finish","reason":"tool-calls","snapshot":"9b27d4e0c861","cost":0.0062,
  "tokens":{"total":1970,"input":1680,"output":230,"reasoning":60,"cache":{"read":0,"write":0}}}'),
(3, NULL, '{"cost":0.0062,"tokens":{"input":1680,"output":230,"reasoning":60},"finish":"tool-calls","time":{"completed":1795200021600}}'),
(4, NULL, '{"role":"assistant","parentID":"msg_000000000001"}'),
(4, 12, '{"type":"step-start","snapshot":"9b27d4e0c861"}'),
(4, 13, '{"type":"tool","tool":"edit","callID":"call_5","state":{"status":"running","input":{
  "filePath":"/home/dev/durations/src/duration.ts","oldString":"{ h: 3600, m: 60 }","newString":"{ h: 3600, m: 60, s: 1 }"},
  "time":{"start":1795200024300}}}'),
(4, 13, '{"state":{"status":"completed","output":"Edit applied successfully.","title":"src/duration.ts","metadata":{"diff":
  "Index: src/duration.ts\n===================================================================\n--- src/duration.ts\n+++ src/duration.ts\n@@ -1,4 +1,4 @@\n-const FACTORS: Record<string, number> = { h: 3600, m: 60 }\n+const FACTORS: Record<string, number> = { h: 3600, m: 60, s: 1 }\n \n export function seconds(text: string): number {\n   let total = 0\n"},
  "time":{"end":1795200024400}}}'),
(4, 14, '{"type":"tool","tool":"bash","callID":"call_6","state":{"status":"running","input":{"command":"node --test","description":
  "Runs the tests"},"time":{"start":1795200026100}}}'),
(4, 14, '{"state":{"status":"completed","output":"✔ hours (0.6ms)\n✔ minutes (0.1ms)\n✔ seconds (0.1ms)\nℹ tests 3\nℹ pass 3\nℹ fail 0\n",
  "title":"Runs the tests","metadata":{"exit":0,"truncated":false},"time":{"end":1795200027000}}}'),
(4, 15, '{"type":"tool","tool":"todowrite","callID":"call_7","state":{"status":"completed","input":{"todos":[
  {"content":"Read src/duration.ts","status":"completed","priority":"high"},
  {"content":"Write a test that fails","status":"completed","priority":"high"},
  {"content":"Fix it and run all tests","status":"completed","priority":"high"}]},
  "output":"0 todos","title":"0 todos","metadata":{},"time":{"start":1795200027900,"end":1795200028000}}}'),
(4, 16, '{"type":"text","text":"","time":{"start":1795200028800}}'),
(4, 16, '{"text":"Fixed. `FACTORS` had no entry for `s`, so a number of seconds was multiplied by `undefined`."}'),
(4, 16, '{"text":"Fixed. `FACTORS` had no entry for `s`, so a number of seconds was multiplied by `undefined`.\n\n- **src/duration.ts**: `s: 1` added\n- **test/duration.test.ts**: `45s` and `1h2m3s`\n\nAll three tests pass.","time":{"end":1795200030600}}'),
(4, 17, '{"type":"step-finish","reason":"stop","snapshot":"c40e91d8a3f7","cost":0.0068,
  "tokens":{"total":2130,"input":1810,"output":260,"reasoning":60,"cache":{"read":0,"write":0}}}'),
(4, 18, '{"type":"patch","hash":"c40e91d8a3f7","files":["/home/dev/durations/src/duration.ts","/home/dev/durations/test/duration.test.ts"]}'),
(4, NULL, '{"cost":0.0068,"tokens":{"input":1810,"output":260,"reasoning":60},"finish":"stop","time":{"completed":1795200033300}}'),
(1, NULL, '{"summary":{"diffs":[{"file":"src/duration.ts","status":"modified","additions":1,"deletions":1,"patch":
  "--- src/duration.ts\n+++ src/duration.ts\n@@ -1,1 +1,1 @@\n-const FACTORS: Record<string, number> = { h: 3600, m: 60 }\n+const FACTORS: Record<string, number> = { h: 3600, m: 60, s: 1 }\n"},
  {"file":"test/duration.test.ts","status":"modified","additions":5,"deletions":0,"patch":
  "--- test/duration.test.ts\n+++ test/duration.test.ts\n@@ -10,0 +11,5 @@\n+\n+test(\"seconds\", () => {\n+  assert.equal(seconds(\"45s\"), 45)\n+  assert.equal(seconds(\"1h2m3s\"), 3723)\n+})\n"}]}}'),
(5, NULL, '{"role":"user"}'),
(5, 19, '{"type":"text","text":"And what does it return for `\"soon\"`? Change nothing."}'),
(6, NULL, '{"role":"assistant","parentID":"msg_000000000005"}'),
(6, 20, '{"type":"step-start","snapshot":"c40e91d8a3f7"}'),
(6, 21, '{"type":"reasoning","text":"No match, so the loop does not run.","time":{"start":1795200038700,"end":1795200039600}}'),
(6, 22, '{"type":"text","text":"","time":{"start":1795200039600}}'),
(6, 22, '{"text":"`0`, because nothing matches. If callers need to tell “soon” from “0s”, it should throw instead: a one-line change.",
  "time":{"end":1795200040500}}'),
(6, 23, '{"type":"step-finish","reason":"stop","snapshot":"c40e91d8a3f7","cost":0.0033,
  "tokens":{"total":1532,"input":1370,"output":132,"reasoning":30,"cache":{"read":0,"write":0}}}'),
(6, NULL, '{"cost":0.0033,"tokens":{"input":1370,"output":132,"reasoning":30},"finish":"stop","time":{"completed":1795200042300}}');
DROP TABLE step;
