using System.Collections.Concurrent;
using System.Diagnostics;
using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Tests.MainJob;

namespace ShareRpc.Tests.Server.Diagnostics;

public sealed class TraceTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task An_op_is_one_trace_from_the_enqueue_to_the_readers_also_when_it_comes_with_a_redemption()
    {
        var ended = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "ShareRpc",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using RunningServer server = await RunningServer.StartAsync();
        await using ShareClient client =
            await ShareClient.OpenAsync(server.ClientOptions("traced"), cancellationToken: timeout);
        await server.StopAsync(); // so that the first op is there before its share is redeemed
        ShareWriter share = await client.CreateShareAsync("test:traced", null, timeout);
        foreach (string call in (string[])["redeemShare", "appendOps"])
        {
            using var caller = new Activity("caller");
            caller.Start();
            await share.EnqueueAsync([Op()], cancellationToken: timeout);
            Assert.Same(caller, Activity.Current);
            caller.Stop();
            if (call == "redeemShare") await server.StartAgainAsync();
            await client.FlushAsync(timeout);
            Activity[] spans = await SpansOfAsync(caller.TraceId, 5);
            string parent = caller.SpanId.ToHexString();
            foreach (string name in (string[])["enqueue", "send", call, "commit", "publish"])
            {
                Activity span = Assert.Single(spans, span => span.OperationName == name);
                Assert.Equal(parent, span.ParentSpanId.ToHexString());
                parent = span.SpanId.ToHexString();
                Assert.DoesNotContain(span.TagObjects, tag => $"{tag.Value}".Contains(share.ShareId));
            }
        }

        // The answer of a call is sent before its span has ended.
        async Task<Activity[]> SpansOfAsync(ActivityTraceId trace, int count)
        {
            while (true)
            {
                Activity[] spans = [.. ended.Where(span => span.TraceId == trace)];
                if (spans.Length >= count) return spans;
                timeout.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }
    }

    [Fact]
    public async Task What_a_caller_of_another_library_traces_does_not_leave_this_machine()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using ShareClient client =
            await ShareClient.OpenAsync(server.ClientOptions("untraced"), cancellationToken: timeout);
        using var caller = new Activity("of another library");
        caller.Start();
        ShareWriter share = await client.CreateShareAsync("test:untraced", null, timeout);
        await share.EnqueueAsync([Op()], cancellationToken: timeout);
        await client.FlushAsync(timeout);
        Assert.Equal(1, share.Status.Applied);
    }

    private static OpIntent Op() => new()
    {
        OpId = OpId.New(), Verb = Verbs.Put, Kind = "note", Key = "k", Data = RawJson.Parse("{}"),
    };
}
