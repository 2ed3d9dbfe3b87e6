using System.Globalization;
using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Harness;

/// <summary>A reader process: follows a share and notes each op on a line of its journal. Started again, it goes on
/// behind the last whole line.</summary>
internal static class ReaderWorker
{
    public static async Task<int> RunAsync(WorkerArguments arguments)
    {
        ShareLink link = await LinkFile.ReadAsync(arguments["--link-file"]);
        await using FileStream journal = new(
            arguments["--journal"], FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        CutHalfLine(journal);
        long after = Read(arguments["--journal"]) is [.., var last] ? last.Cursor : 0;
        await using var reader = new ShareReader(link, new ShareReaderOptions
        {
            InvalidTokenPatience = TimeSpan.FromMinutes(5),
            FirstRetry = TimeSpan.FromMilliseconds(20), MaxRetry = TimeSpan.FromMilliseconds(300),
        });
        Console.WriteLine("ready");
        await foreach (LoggedOp op in reader.FollowAsync(after))
        {
            var seen = SeenOp.Of(op);
            await journal.WriteAsync(
                System.Text.Encoding.ASCII.GetBytes($"{seen.Cursor} {seen.OpId} {seen.Content}\n"));
        }

        return 0;
    }

    /// <summary>The whole lines of a journal.</summary>
    public static IReadOnlyList<SeenOp> Read(string journal)
    {
        if (!File.Exists(journal)) return [];
        using FileStream file = new(journal, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var text = new StreamReader(file);
        string[] lines = text.ReadToEnd().Split('\n');
        return [.. lines[..^1].Select(line => line.Split(' ')).Select(part =>
            new SeenOp(long.Parse(part[0], CultureInfo.InvariantCulture), part[1], part[2]))];
    }

    private static void CutHalfLine(FileStream journal)
    {
        byte[] all = new byte[journal.Length];
        journal.ReadExactly(all);
        journal.SetLength(Array.LastIndexOf(all, (byte)'\n') + 1);
        journal.Position = journal.Length;
    }
}
