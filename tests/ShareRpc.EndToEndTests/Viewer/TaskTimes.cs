using System.Text.Json;
using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>
/// Processor time of the tasks of a page's main thread, from a trace of the browser. Other work of the machine does not
/// count, as it does for the length of a task. A task in which a test looks at the page counts with the style and
/// layout that it computes: the rest is the test's own work.
/// </summary>
internal sealed class TaskTimes
{
    private readonly ICDPSession session;
    private readonly List<JsonElement> events = [];
    private readonly TaskCompletionSource complete = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private TaskTimes(ICDPSession session)
    {
        this.session = session;
        session.Event("Tracing.dataCollected").OnEvent += (_, data) =>
        {
            lock (events) events.AddRange(data!.Value.GetProperty("value").EnumerateArray().Select(one => one.Clone()));
        };
        session.Event("Tracing.tracingComplete").OnEvent += (_, _) => complete.TrySetResult();
    }

    public static async Task<TaskTimes> StartAsync(IPage page)
    {
        var times = new TaskTimes(await page.Context.NewCDPSessionAsync(page));
        await times.session.SendAsync("Tracing.start", new Dictionary<string, object>
        {
            ["transferMode"] = "ReportEvents",
            ["traceConfig"] = new Dictionary<string, object>
            {
                ["includedCategories"] = new[] { "toplevel", "mojom", "devtools.timeline" },
            },
        });
        return times;
    }

    /// <summary>Returns the longest task, in milliseconds.</summary>
    public async Task<double> StopAsync(CancellationToken timeout)
    {
        await session.SendAsync("Tracing.end");
        await complete.Task.WaitAsync(timeout);
        lock (events)
        {
            HashSet<(int, int)> main = [.. events.Where(one => Text(one, "name") == "thread_name"
                && Text(one.GetProperty("args"), "name") == "CrRendererMain").Select(ThreadOf)];
            List<JsonElement> timed = [.. events.Where(one =>
                one.TryGetProperty("tdur", out _) && main.Contains(ThreadOf(one)))];
            List<JsonElement> looks = [.. timed.Where(IsLook)];
            List<JsonElement> layouts = [.. timed.Where(one => Text(one, "name") is "UpdateLayoutTree" or "Layout")];
            return timed.Where(one => Text(one, "name").EndsWith("RunTask", StringComparison.Ordinal))
                .Select(task => looks.Exists(one => IsInside(one, task))
                    ? layouts.Where(one => IsInside(one, task)).Sum(ProcessorMs) : ProcessorMs(task))
                .Append(0).Max();
        }
    }

    /// <summary>Returns whether an event is a message of the browser's inspector, by which a test asks.</summary>
    private static bool IsLook(JsonElement one) => Text(one, "name") == "Receive mojo message"
        && one.GetProperty("args").TryGetProperty("chrome_mojo_event_info", out JsonElement message)
        && Text(message, "mojo_interface_tag") == "blink.mojom.DevToolsSession";

    private static double ProcessorMs(JsonElement one) => one.GetProperty("tdur").GetDouble() / 1000;

    private static bool IsInside(JsonElement one, JsonElement task)
    {
        double start = task.GetProperty("ts").GetDouble();
        double at = one.GetProperty("ts").GetDouble();
        return ThreadOf(one) == ThreadOf(task) && at >= start && at <= start + task.GetProperty("dur").GetDouble();
    }

    private static (int Process, int Thread) ThreadOf(JsonElement one) =>
        (one.GetProperty("pid").GetInt32(), one.GetProperty("tid").GetInt32());

    private static string Text(JsonElement one, string name) =>
        one.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()! : "";
}
