-- The tables of a Pyrometer capture. docs/capture.md describes them; PRAGMA user_version counts
-- changes. Times are in ns on the recording's clock (0 = its start) unless a name says otherwise.
-- Columns named metric_columns stand for one column per metric (table metrics).

CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE metrics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, unit TEXT NOT NULL, meaning TEXT NOT NULL);
CREATE TABLE quality(name TEXT PRIMARY KEY, value INTEGER NOT NULL, meaning TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE strings(id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE functions(id INTEGER PRIMARY KEY, name INTEGER NOT NULL, file INTEGER NOT NULL, first_line INTEGER NOT NULL);
CREATE TABLE function_kinds(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL);
CREATE TABLE frames(id INTEGER PRIMARY KEY, function INTEGER NOT NULL, line INTEGER NOT NULL);
CREATE TABLE stacks(id INTEGER PRIMARY KEY, parent INTEGER, frame INTEGER NOT NULL);
CREATE TABLE processes(id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, parent INTEGER, command INTEGER NOT NULL, python INTEGER NOT NULL, start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL);
CREATE TABLE tracks(id INTEGER PRIMARY KEY, process INTEGER NOT NULL, tid INTEGER NOT NULL, name INTEGER NOT NULL, main INTEGER NOT NULL, start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL, wall_ns INTEGER NOT NULL, cpu_ns INTEGER NOT NULL, exact_cpu INTEGER NOT NULL);
CREATE TABLE totals(id INTEGER PRIMARY KEY, track INTEGER NOT NULL, stack INTEGER, wall_squared REAL NOT NULL, cpu_squared REAL NOT NULL, metric_columns INTEGER);
CREATE TABLE objects(id INTEGER PRIMARY KEY, metric INTEGER NOT NULL, kind INTEGER NOT NULL, name INTEGER NOT NULL, track INTEGER, frame INTEGER);
CREATE TABLE waits(id INTEGER PRIMARY KEY, track INTEGER NOT NULL, stack INTEGER, object INTEGER NOT NULL, ns INTEGER NOT NULL, samples INTEGER NOT NULL);
CREATE TABLE tasks(id INTEGER PRIMARY KEY, process INTEGER NOT NULL, track INTEGER, name INTEGER NOT NULL, function INTEGER NOT NULL, tasks INTEGER NOT NULL);
CREATE TABLE task_totals(id INTEGER PRIMARY KEY, task INTEGER NOT NULL, stack INTEGER NOT NULL, wait INTEGER NOT NULL, wall_squared REAL NOT NULL, cpu_squared REAL NOT NULL, samples INTEGER NOT NULL, wall INTEGER NOT NULL, cpu INTEGER NOT NULL, cpu_python INTEGER NOT NULL, cpu_native INTEGER NOT NULL, cpu_system INTEGER NOT NULL, ready INTEGER NOT NULL, gil_wait INTEGER NOT NULL, wait_lock INTEGER NOT NULL, wait_io INTEGER NOT NULL, wait_net INTEGER NOT NULL, wait_sleep INTEGER NOT NULL, wait_other INTEGER NOT NULL);
CREATE TABLE chunks(id INTEGER PRIMARY KEY, track INTEGER NOT NULL, from_us INTEGER NOT NULL, to_us INTEGER NOT NULL, samples INTEGER NOT NULL, encoding INTEGER NOT NULL, size INTEGER NOT NULL, data BLOB NOT NULL);

-- Views for people; nothing in Pyrometer reads them.

CREATE VIEW frame_names AS
SELECT frames.id AS frame, functions.id AS function, name.text AS name, file.text AS file, frames.line AS line, functions.first_line AS first_line
FROM frames
JOIN functions ON functions.id = frames.function
JOIN strings AS name ON name.id = functions.name
JOIN strings AS file ON file.id = functions.file;

CREATE VIEW stack_totals AS
SELECT stack, coalesce(sum(samples), 0) AS samples, coalesce(sum(wall), 0) AS wall, coalesce(sum(cpu), 0) AS cpu, coalesce(sum(gil_held), 0) AS gil_held, coalesce(sum(gil_wait), 0) AS gil_wait
FROM totals GROUP BY stack;

-- Every frame of every stack that gathered something, the stack's own frame included.
CREATE VIEW stack_frames AS
WITH RECURSIVE up(stack, at) AS (
SELECT stack, stack FROM stack_totals WHERE stack IS NOT NULL
UNION ALL
SELECT up.stack, stacks.parent FROM up JOIN stacks ON stacks.id = up.at WHERE stacks.parent IS NOT NULL)
SELECT up.stack AS stack, stacks.frame AS frame FROM up JOIN stacks ON stacks.id = up.at;

CREATE VIEW by_function AS
WITH self AS (
SELECT frames.function AS function, sum(wall) AS wall, sum(cpu) AS cpu
FROM stack_totals JOIN stacks ON stacks.id = stack_totals.stack JOIN frames ON frames.id = stacks.frame
GROUP BY frames.function),
total AS (
SELECT pairs.function AS function, sum(wall) AS wall, sum(cpu) AS cpu, sum(samples) AS samples
FROM (SELECT DISTINCT stack, frames.function AS function FROM stack_frames JOIN frames ON frames.id = stack_frames.frame) AS pairs
JOIN stack_totals ON stack_totals.stack = pairs.stack
GROUP BY pairs.function)
SELECT name.text AS name,
file.text || ':' || functions.first_line AS place,
round(100.0 * coalesce(self.wall, 0) / (SELECT sum(wall) FROM totals), 2) AS self_percent,
round(100.0 * total.wall / (SELECT sum(wall) FROM totals), 2) AS total_percent,
coalesce(self.wall, 0) / 1e6 AS self_ms, total.wall / 1e6 AS total_ms,
coalesce(self.cpu, 0) / 1e6 AS self_cpu_ms, total.cpu / 1e6 AS total_cpu_ms,
total.samples AS samples, functions.id AS function
FROM total
LEFT JOIN self ON self.function = total.function
JOIN functions ON functions.id = total.function
JOIN strings AS name ON name.id = functions.name
JOIN strings AS file ON file.id = functions.file
ORDER BY coalesce(self.wall, 0) DESC, total.wall DESC, name.text, functions.id;

CREATE VIEW by_line AS
WITH self AS (
SELECT stacks.frame AS frame, sum(wall) AS wall, sum(cpu) AS cpu
FROM stack_totals JOIN stacks ON stacks.id = stack_totals.stack GROUP BY stacks.frame),
total AS (
SELECT pairs.frame AS frame, sum(wall) AS wall, sum(cpu) AS cpu, sum(samples) AS samples
FROM (SELECT DISTINCT stack, frame FROM stack_frames) AS pairs
JOIN stack_totals ON stack_totals.stack = pairs.stack
GROUP BY pairs.frame)
SELECT frame_names.file || ':' || frame_names.line AS place, frame_names.name AS name,
round(100.0 * coalesce(self.wall, 0) / (SELECT sum(wall) FROM totals), 2) AS self_percent,
round(100.0 * total.wall / (SELECT sum(wall) FROM totals), 2) AS total_percent,
coalesce(self.wall, 0) / 1e6 AS self_ms, total.wall / 1e6 AS total_ms,
coalesce(self.cpu, 0) / 1e6 AS self_cpu_ms, total.cpu / 1e6 AS total_cpu_ms,
total.samples AS samples
FROM total
LEFT JOIN self ON self.frame = total.frame
JOIN frame_names ON frame_names.frame = total.frame
ORDER BY coalesce(self.wall, 0) DESC, total.wall DESC, frame_names.frame;

CREATE VIEW samples_per_track AS
SELECT tracks.id AS track, processes.pid AS pid, tracks.tid AS tid, name.text AS name,
coalesce(sum(totals.samples), 0) AS samples, coalesce(sum(totals.wall), 0) / 1e6 AS wall_ms,
coalesce(sum(totals.cpu), 0) / 1e6 AS cpu_ms, coalesce(sum(totals.gil_wait), 0) / 1e6 AS gil_wait_ms
FROM tracks
JOIN processes ON processes.id = tracks.process
JOIN strings AS name ON name.id = tracks.name
LEFT JOIN totals ON totals.track = tracks.id
GROUP BY tracks.id;

-- What was waited for, longest first, and who had it as far as that is known.
CREATE VIEW by_object AS
SELECT metrics.name AS metric, kind.text AS kind, name.text AS name, holder.text AS held_by,
held.file || ':' || held.line AS held_at, sum(waits.ns) / 1e6 AS ms, sum(waits.samples) AS samples, objects.id AS object
FROM waits
JOIN objects ON objects.id = waits.object
JOIN metrics ON metrics.id = objects.metric
JOIN strings AS kind ON kind.id = objects.kind
JOIN strings AS name ON name.id = objects.name
LEFT JOIN tracks ON tracks.id = objects.track
LEFT JOIN strings AS holder ON holder.id = tracks.name
LEFT JOIN frame_names AS held ON held.frame = objects.frame
GROUP BY objects.id
ORDER BY sum(waits.ns) DESC, objects.id;

-- Tasks of asyncio, the busiest first. A task of no name stands for all of its coroutine.
CREATE VIEW by_task AS
SELECT function.text AS coroutine, name.text AS name, tasks.tasks AS tasks,
coalesce(sum(task_totals.wall), 0) / 1e6 AS life_ms, coalesce(sum(task_totals.cpu), 0) / 1e6 AS cpu_ms,
coalesce(sum(task_totals.ready), 0) / 1e6 AS ready_ms, tasks.id AS task
FROM tasks
JOIN functions ON functions.id = tasks.function
JOIN strings AS function ON function.id = functions.name
JOIN strings AS name ON name.id = tasks.name
LEFT JOIN task_totals ON task_totals.task = tasks.id
GROUP BY tasks.id
ORDER BY coalesce(sum(task_totals.cpu), 0) DESC, tasks.id;

-- Stacks as text, root first, with what they gathered: one row per stack.
CREATE VIEW folded AS
WITH RECURSIVE up(stack, at, text) AS (
SELECT stack_totals.stack, stacks.parent, frame_names.name
FROM stack_totals JOIN stacks ON stacks.id = stack_totals.stack JOIN frame_names ON frame_names.frame = stacks.frame
UNION ALL
SELECT up.stack, stacks.parent, frame_names.name || ';' || up.text
FROM up JOIN stacks ON stacks.id = up.at JOIN frame_names ON frame_names.frame = stacks.frame)
SELECT up.text AS stack, stack_totals.wall / 1e6 AS wall_ms, stack_totals.cpu / 1e6 AS cpu_ms, stack_totals.samples AS samples
FROM up JOIN stack_totals ON stack_totals.stack = up.stack
WHERE up.at IS NULL
ORDER BY stack_totals.wall DESC, up.stack;
