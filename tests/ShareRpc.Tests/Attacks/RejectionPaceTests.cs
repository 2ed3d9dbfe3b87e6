using System.Text.Json;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Tests.Protocol.Wire;
using ShareRpc.Tests.Server;

namespace ShareRpc.Tests.Attacks;

/// <summary>A guest who sends batch after batch beyond its bound takes no processor from others.</summary>
public sealed class RejectionPaceTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_batch_beyond_the_bound_of_rejections_is_answered_later(bool directCalls)
    {
        await using LiveServer live = await LiveServer.StartAsync(
            serverLimits: ServerLimits.Default with
            {
                RejectionsPerDay = 1, RateLimitedDelay = TimeSpan.FromHours(1),
            },
            more: options => options with { DirectCalls = directCalls });
        ShareToken token = await live.CreateShareAsync();
        WireHandle share = await live.RedeemShareAsync(token, more: $",\"writer_id\":\"{RandomId.New()}\"");
        WireHandle other = await live.RedeemShareAsync(token, more: $",\"writer_id\":\"{RandomId.New()}\"");
        Task<JsonElement> beyond = share.CallAsync("appendOps", Batch("merge", "merge"));
        for (int i = 0; i < 50; i++) await other.ResultAsync("readOps", """{"after":0}""");
        JsonElement taken = await other.ResultAsync("appendOps", Batch("put", "put"));
        Assert.Equal(2, taken.GetProperty("applied").GetArrayLength());
        Assert.False(beyond.IsCompleted);
    }

    private static string Batch(string first, string second) => $$"""
        {"batch_id":"b","ops":[
          {"op_id":"{{OpId.New()}}","seq":1,"verb":"{{first}}","kind":"part","key":"k","data":{} },
          {"op_id":"{{OpId.New()}}","seq":2,"verb":"{{second}}","kind":"part","key":"k","data":{} }]}
        """;
}
