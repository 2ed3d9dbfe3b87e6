using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Protocol.Wire;

public sealed class ApplyTranscriptTests(WireServer server) : IClassFixture<WireServer>
{
    [Fact]
    public async Task The_server_answers_every_transcript_of_the_apply_rules_as_it_is_written()
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        using var run = new TranscriptRun(server, timeout.Token);
        IReadOnlyList<Transcript> transcripts = Specification.ApplyTranscripts;
        Assert.Equal(21, transcripts.Count);

        foreach (Transcript transcript in transcripts) await run.PlayAsync(transcript);

        Assert.Empty(run.Unused);
    }
}
