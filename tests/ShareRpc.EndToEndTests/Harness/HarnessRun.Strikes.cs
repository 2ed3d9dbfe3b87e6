namespace ShareRpc.EndToEndTests.Harness;

/// <summary>What is done to a run.</summary>
internal sealed partial class HarnessRun
{
    private async Task StrikeAsync(CancellationToken cancellationToken)
    {
        switch (dice.Next(0, 100))
        {
            case < 24:
                await server.KillAsync(cancellationToken);
                await server.StartAsync(ServerFault(), cancellationToken);
                break;
            case < 29:
                await server.StopAsync(cancellationToken);
                await server.StartAsync(null, cancellationToken);
                break;
            case < 52:
                await KillWriterAsync(cancellationToken);
                break;
            case < 59:
                await KillReaderAsync(cancellationToken);
                break;
            case < 64:
                await server.KillAsync(cancellationToken);
                await KillWriterAsync(cancellationToken);
                await server.StartAsync(null, cancellationToken);
                break;
            default:
                proxy.Arm((Fault)dice.Next(0, Enum.GetValues<Fault>().Length));
                break;
        }
    }

    private async Task KillWriterAsync(CancellationToken cancellationToken)
    {
        WriterSlot writer = writers[dice.Next(0, writers.Count)];
        string? fault = dice.Next(0, 3) switch
        {
            0 => $"client.after_send:{dice.Next(1, 10)}",
            1 => $"client.before_ack_persisted:{dice.Next(1, 10)}",
            _ => null,
        };
        await writer.KillAsync(cancellationToken);
        writerKills++;
        StartWriter(writer, fault);
    }

    private async Task KillReaderAsync(CancellationToken cancellationToken)
    {
        ReaderSlot reader = readers[dice.Next(0, readers.Count)];
        await reader.KillAsync(cancellationToken);
        readerKills++;
        reader.Start();
    }

    /// <summary>A container is cloned, or a backup restored beside its original: both go on.</summary>
    private async Task CopyOutboxAsync(int blow, CancellationToken cancellationToken)
    {
        WriterSlot original = writers[dice.Next(0, writers.Count)];
        await original.KillAsync(cancellationToken);
        writerKills++;
        string name = original.Name + Plan.CopySuffix;
        Directory.CreateDirectory(Path.Combine(world, name));
        foreach (string file in Directory.GetFiles(original.Directory))
        {
            if (!file.EndsWith("-shm", StringComparison.Ordinal)) File.Copy(file, Path.Combine(world, name, Path.GetFileName(file)));
        }

        StartWriter(original, fault: null);
        AddWriter(name, original.Share, creates: false, original.Name);
        writers[^1].Allow(blow * SlicesPerBlow, options.Blows * SlicesPerBlow);
    }

    private string? ServerFault() => dice.Next(0, 4) switch
    {
        0 => $"server.before_commit:{dice.Next(2, 14)}",
        1 => $"server.after_commit:{dice.Next(1, 14)}",
        2 => $"server.mid_fold:{dice.Next(1, 3)}",
        _ => null,
    };
}
