using ShareRpc.Tests.Server.Storage.Model;
using Xunit.Abstractions;

namespace ShareRpc.Tests.Server.Append.Model;

/// <summary>
/// Random batches of several writers, into the real log on its store and into a model of the apply rules.
/// </summary>
public sealed class ApplyModelTests(ITestOutputHelper output)
{
    private const int Runs = 80;
    private const int MostSteps = 100;

    [Fact(Timeout = 600_000)]
    public async Task Invariants_I1_I2_I5_the_log_answers_and_holds_what_the_apply_rules_say_whatever_is_sent()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        await Checked.SequencesAsync(output, LogStep.Any, Runs, MostSteps, async steps =>
        {
            using LogRun run = await LogRun.StartAsync(rooms);
            foreach (LogStep step in steps) await run.DoAsync(step);
            await run.FinishAsync();
        });
    }
}
