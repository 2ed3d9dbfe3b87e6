using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Tests.Protocol.Wire;
using ShareRpc.Tests.Server;
using Xunit.Abstractions;

namespace ShareRpc.Tests.Attacks;

/// <summary>
/// Whether the time of an answer tells a wrong secret from a ref that is not there, measured over a real socket.
/// </summary>
public sealed class TokenTimingTests(ITestOutputHelper output)
{
    private const int Rounds = 9;
    private const int Samples = 1_000;

    [Fact]
    public async Task A_wrong_secret_takes_as_long_as_an_unknown_ref()
    {
        await using LiveServer live = await LiveServer.StartAsync(
            serverLimits: ServerLimits.Default with { WrongTokensPerMinute = int.MaxValue },
            patience: TimeSpan.FromMinutes(20));
        ShareToken owner = await live.CreateShareAsync();
        var between = new List<double>();
        var alike = new List<double>();
        for (int round = 0; round < Rounds; round++)
        {
            // Two runs of each kind, call by call in turn, so that all four see the same moments.
            double[] medians =
                await MediansAsync(live, () => ShareToken.New(RandomId.New()), () => ShareToken.New(owner.CapId));
            between.Add(Math.Abs(((medians[0] + medians[2]) / 2) - ((medians[1] + medians[3]) / 2)));
            alike.AddRange([Math.Abs(medians[0] - medians[2]), Math.Abs(medians[1] - medians[3])]);
        }

        double difference = between.Order().ElementAt(Rounds / 2);
        output.WriteLine(
            $"wrong and unknown differ by {difference:0.0} us, two identical runs by up to {alike.Max():0.0} us");
        Assert.True(difference <= alike.Max(),
            $"{difference} us, where identical runs differ by at most {alike.Max()} us");
    }

    private static async Task<double[]> MediansAsync(LiveServer live, params Func<ShareToken>[] kinds)
    {
        List<double>[] times = [[], [], [], []];
        WireConnection? connection = null;
        for (int i = 0; i < Samples; i++)
        {
            if (i % 200 == 0)
            {
                connection?.Dispose();
                connection = await live.ConnectAsync(); // one connection tries at most 1,000 tokens
            }

            for (int run = 0; run < times.Length; run++)
            {
                string parameters = $$"""{"token":"{{kinds[run % 2]().Reveal()}}"}""";
                long at = TimeProvider.System.GetTimestamp();
                await connection!.CallAsync("redeemShare", parameters);
                times[run].Add(TimeProvider.System.GetElapsedTime(at).TotalMicroseconds);
            }
        }

        return [.. times.Select(one => one.Order().ElementAt(one.Count / 2))];
    }
}
