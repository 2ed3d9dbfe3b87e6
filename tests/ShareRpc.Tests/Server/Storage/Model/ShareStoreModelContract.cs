using ShareRpc.Server.Storage;
using ShareRpc.Tests.Fakes;
using Xunit.Abstractions;

namespace ShareRpc.Tests.Server.Storage.Model;

/// <summary>
/// Random sequences of what a server does to its store, done to the model too. A store's test class derives from it and
/// says how its files are opened.
/// </summary>
public abstract class ShareStoreModelContract(ITestOutputHelper output)
{
    private const int MostSteps = 120;

    /// <summary>How many sequences there are.</summary>
    private protected virtual int Runs => 60;

    [StoreFact(Timeout = 600_000)]
    public Task The_store_answers_and_shows_what_the_model_does_whatever_is_done_to_it() =>
        Checked.SequencesAsync(output, StoreStep.Any, Runs, MostSteps, async steps =>
        {
            using var directory = new TemporaryDirectory();
            await using var run = await StoreRun.BeginAsync(() => OpenAsync(directory.Path), Maintain);
            foreach (StoreStep step in StoreStep.Beginning.Concat(steps)) await run.DoAsync(step);
            await run.FinishAsync();
        });

    /// <summary>Opens what is in the directory, or makes it.</summary>
    private protected abstract ValueTask<IShareStore> OpenAsync(string directory);

    /// <summary>Does what a store does in the background, if it does anything.</summary>
    private protected virtual void Maintain(IShareStore store)
    {
    }
}
