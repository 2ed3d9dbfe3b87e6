using ShareRpc.Server.Storage;
using ShareRpc.Tests.Fakes;
using Xunit.Abstractions;

namespace ShareRpc.Tests.Server.Storage.Model;

/// <summary>
/// Random sequences of what a server does to its store, done to the model too. A store's test class derives from it and says how its files
/// are opened.
/// </summary>
public abstract class ShareStoreModelContract(ITestOutputHelper output)
{
    private const int Runs = 60;
    private const int MostSteps = 120;

    [Fact(Timeout = 120_000)]
    public Task The_store_answers_and_shows_what_the_model_does_whatever_is_done_to_it() =>
        Checked.SequencesAsync(output, StoreStep.Any, Runs, MostSteps, steps =>
        {
            using var directory = new TemporaryDirectory();
            using var run = new StoreRun(() => Open(directory.Path));
            foreach (StoreStep step in StoreStep.Beginning.Concat(steps)) run.Do(step);
            run.Finish();
            return Task.CompletedTask;
        });

    /// <summary>Opens what is in the directory, or makes it.</summary>
    private protected abstract IShareStore Open(string directory);
}
