using System.Diagnostics;
using ShareRpc.Protocol.Json;
using ShareRpc.Sources.Opencode;
using ShareRpc.Sources.Secrets;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Sources.Opencode;
using Xunit.Abstractions;
using Databases = ShareRpc.Tests.Sources.Opencode.OpencodeFiles;
using FixtureFactAttribute = ShareRpc.Tests.Sources.Opencode.FixtureFactAttribute;

namespace ShareRpc.Tests.Sources.Secrets;

/// <summary>What looking for secrets costs, in processor time; alone, so that no other test's time counts.</summary>
[Collection(AloneCollection.Name)]
public sealed class SecretCostTests(ITestOutputHelper output) : IDisposable
{
    private const int Megabyte = 1024 * 1024;

    private readonly Databases files = new();
    private readonly SecretCounts counts = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public void Hostile_text_costs_no_more_than_a_linear_time()
    {
        // Each line begins what some rule looks for and never ends it; four times the text may take a few times as
        // long, not sixteen.
        string line = "-----BEGIN " + "PRIVATE KEY----- eyJaaaaaaaaaaaaaaa.eyJ A_PASSWORD= ;pwd= machine a login b "
            + "://a:b://c: token: key=\" "
            + "curl -H 'x-key mysql - -p docker login user= password --token sudo -S echo a | ";
        IsLinear(line);
        IsLinear("\u001b]\u009d\u001b[1;\u009b2\\x1b]\u001bPx[1;2 \b\u200b ghp_ curl -u ");
    }

    private void IsLinear(string line)
    {
        string small = string.Concat(Enumerable.Repeat(line, 300_000 / line.Length));
        string large = string.Concat(Enumerable.Repeat(small, 4));
        SecretScanner.BuiltIn.Redact(small, counts);

        TimeSpan of1 = TimeOf(() => SecretScanner.BuiltIn.Redact(small, counts));
        TimeSpan of4 = TimeOf(() => SecretScanner.BuiltIn.Redact(large, counts));

        output.WriteLine(
            $"{small.Length} units {of1.TotalMilliseconds:f0} ms, {large.Length} units {of4.TotalMilliseconds:f0} ms");
        Assert.True(of4 < (of1 * 10) + TimeSpan.FromMilliseconds(100), $"{of1} for one, {of4} for four");
    }

    [FixtureFact]
    public async Task A_megabyte_of_recorded_sessions_costs_milliseconds()
    {
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        var options = new OpencodeOptions
        {
            DatabasePath = files.Recorded(), LockPath = share.LockPath, Selection = OpencodeSelection.All,
            Secrets = null,
        };
        using var sessions = new OpencodeSessions(share.Client, options);
        await sessions.LookAsync(timeout);
        RawJson[] documents = [.. share.Take().Where(op => op.Op.Data is not null).Select(op => op.Op.Data!.Value)];
        double megabytes = documents.Sum(document => (double)document.Utf8.Length) / Megabyte;
        int rounds = (int)Math.Ceiling(20 / megabytes);
        foreach (RawJson document in documents) SecretScanner.BuiltIn.Redact(document, counts);

        TimeSpan time = TimeOf(() =>
        {
            for (int round = 0; round < rounds; round++)
            {
                foreach (RawJson document in documents) SecretScanner.BuiltIn.Redact(document, counts);
            }
        });

        double perMegabyte = time.TotalMilliseconds / (megabytes * rounds);
        output.WriteLine(
            $"{documents.Length} documents, {megabytes:f2} MB: {perMegabyte:f1} ms/MB, {1000 / perMegabyte:f0} MB/s");
        Assert.True(perMegabyte < 250, $"{perMegabyte:f1} ms/MB");
    }

    public void Dispose() => files.Dispose();

    private static TimeSpan TimeOf(Action action)
    {
        TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
        action();
        return Process.GetCurrentProcess().TotalProcessorTime - before;
    }
}
