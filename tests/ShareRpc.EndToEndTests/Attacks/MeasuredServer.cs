using System.Globalization;
using ShareRpc.EndToEndTests.Harness;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Attacks;

/// <summary>A server process on an empty directory, and one share on it.</summary>
internal sealed class MeasuredServer : IAsyncDisposable
{
    private const string Ready = "ready ";
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-measured-");
    private readonly Tool process;

    private MeasuredServer(string[] more)
    {
        process = HarnessProgram.Start(fault: null, ["server", "--data", directory.FullName, .. more]);
    }

    public Uri Address { get; private set; } = null!;

    /// <summary>Of the share's owner.</summary>
    public ShareToken Owner { get; } = ShareToken.New(RandomId.New());

    /// <summary>Of the server.</summary>
    public string RootToken { get; private set; } = "";

    public string DatabasePath => Path.Combine(directory.FullName, "shares.db");

    public string ShareId { get; } = RandomId.New();

    public static async Task<MeasuredServer> StartAsync(CancellationToken cancellationToken, params string[] more)
    {
        var server = new MeasuredServer(more);
        string? Line() => server.process.Lines.FirstOrDefault(line => line.StartsWith(Ready, StringComparison.Ordinal));
        await Until.TrueAsync(() => server.process.HasExited || Line() is not null, cancellationToken);
        server.Address = new Uri(Line()?[Ready.Length..] ?? throw new InvalidOperationException(server.process.Errors));
        string root = server.RootToken = (await File.ReadAllTextAsync(
            Path.Combine(server.directory.FullName, "root.token"), cancellationToken)).Trim();
        using RawConnection connection = await RawConnection.OpenAsync(server.Address, cancellationToken);
        long handle = await connection.RedeemAsync("redeemRoot", "root", root, cancellationToken);
        await connection.CallAsync(handle, "createShare", $$"""
            {"share_id":"{{server.ShareId}}","cap_id":"{{server.Owner.CapId}}","token_digest":"{{server.Owner.Digest}}"}
            """, cancellationToken);
        return server;
    }

    /// <summary>Processor time that the server has used so far.</summary>
    public TimeSpan ProcessorTime => ProcessorTimeOf(process.Id);

    /// <summary>What it has in memory now.</summary>
    public long ResidentBytes =>
        long.Parse(File.ReadAllText($"/proc/{process.Id.ToString(CultureInfo.InvariantCulture)}/statm").Split(' ')[1],
            CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    public static TimeSpan ProcessorTimeOf(int id)
    {
        // fields 14 and 15 of /proc/PID/stat, in hundredths of a second; the name before them may hold blanks
        string stat = File.ReadAllText($"/proc/{id.ToString(CultureInfo.InvariantCulture)}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        long ticks = long.Parse(fields[11], CultureInfo.InvariantCulture)
            + long.Parse(fields[12], CultureInfo.InvariantCulture);
        return TimeSpan.FromMilliseconds(ticks * 10);
    }

    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        directory.Delete(recursive: true);
    }
}
