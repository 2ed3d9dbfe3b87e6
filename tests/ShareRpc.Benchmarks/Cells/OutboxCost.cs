using System.Buffers.Binary;
using System.Diagnostics;
using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Servers;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>What an outbox of this process has taken so far.</summary>
/// <param name="Commits">Durable transactions: one flush each.</param>
/// <param name="DiskBytes">Bytes that this process handed to the disk.</param>
internal readonly record struct OutboxCost(long Commits, long DiskBytes)
{
    private const int HeaderBytes = 12;

    public static OutboxCost Read(string outboxPath) =>
        new(ReadCommits(outboxPath + "-shm"), MeasuredProcess.OwnWrittenBytes());

    /// <summary>Adds what was taken since, per unit of the newest round's work.</summary>
    public void Note(CaseRun run, string outboxPath)
    {
        OutboxCost now = Read(outboxPath);
        double work = run.Rounds[^1].Work;
        run.Note("client_flushes_per_op", (now.Commits - Commits) / work);
        run.Note("client_disk_bytes_per_op", (now.DiskBytes - DiskBytes) / work);
    }

    /// <summary>
    /// SQLite counts the transactions of a database in the first header of its shared memory. Another process reads it:
    /// closing the file in this one would drop the locks that SQLite holds on it.
    /// </summary>
    private static uint ReadCommits(string path)
    {
        using Process head = Process.Start(
            new ProcessStartInfo("head", ["-c", $"{HeaderBytes}", path]) { RedirectStandardOutput = true })!;
        Span<byte> header = stackalloc byte[HeaderBytes];
        head.StandardOutput.BaseStream.ReadExactly(header);
        return BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
    }
}
