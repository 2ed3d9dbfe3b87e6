using System.Text.Json;
using ShareRpc.EndToEndTests.Disk;
using ShareRpc.EndToEndTests.Harness;

namespace ShareRpc.EndToEndTests.Attacks;

/// <summary>The measurements by hand: each prints one line of JSON.</summary>
internal static class AttackProgram
{
    public const string Help = """
        revocations [--count N] [--readers R]          what is read and appended after a revocation has answered
        wrong-tokens [--rounds N] [--appends N]        appends beside a flood of wrong tokens
        siege [--seconds N] [--attacks A,B]            an honest writer beside all attackers, or those named
        erase [--ops N]                                another writer beside the erasing of a share of so many ops
        backups [--ops N] [--seconds N]                a backup while N ops a second arrive, after so many seconds
        """;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.General)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    public static async Task<int> RevocationsAsync(WorkerArguments arguments)
    {
        RevocationFigures figures = await RevocationRun.RunAsync(
            arguments.Number("--count", 1_000), arguments.Number("--readers", 100), Console.Error,
            CancellationToken.None);
        Console.WriteLine(JsonSerializer.Serialize(figures, Options));
        return figures is { AppendsAfter: 0, PagesAfter: 0, OtherEnds: 0 } ? 0 : 1;
    }

    public static async Task<int> SiegeAsync(WorkerArguments arguments)
    {
        SiegeFigures figures = await SiegeRun.RunAsync(
            arguments.Number("--seconds", 600),
            arguments.Has("--attacks") ? arguments["--attacks"] : Besieger.Attacks, Console.Error,
            CancellationToken.None);
        Console.WriteLine(JsonSerializer.Serialize(figures, Options));
        if (!figures.IsPassed)
        {
            Console.WriteLine($"FAIL {figures.MostMegabytes} MB of {figures.BoundMegabytes}, ratio {figures.Ratio}, "
                + $"{figures.LargeAppends} large ops");
        }

        return figures.IsPassed ? 0 : 1;
    }

    public static async Task<int> EraseAsync(WorkerArguments arguments)
    {
        EraseFigures figures = await EraseRun.RunAsync(arguments.Number("--ops", 400_000), CancellationToken.None);
        Console.WriteLine(JsonSerializer.Serialize(figures, Options));
        return figures.IsPassed ? 0 : 1;
    }

    public static async Task<int> BackupsAsync(WorkerArguments arguments)
    {
        var run = new BackupRun(
            arguments.Number("--ops", 10_000), TimeSpan.FromSeconds(arguments.Number("--seconds", 20)));
        BackupFigures figures = await run.RunAsync(CancellationToken.None);
        Console.WriteLine(JsonSerializer.Serialize(figures, Options));
        return figures.IsPassed ? 0 : 1;
    }

    public static async Task<int> WrongTokensAsync(WorkerArguments arguments)
    {
        WrongTokenFigures figures = await WrongTokenRun.RunAsync(
            arguments.Number("--rounds", 5), arguments.Number("--appends", 1_000), CancellationToken.None);
        Console.WriteLine(JsonSerializer.Serialize(figures, Options));
        return 0;
    }
}
