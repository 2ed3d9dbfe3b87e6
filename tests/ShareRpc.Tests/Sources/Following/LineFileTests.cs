using System.Text;
using ShareRpc.Sources.Following;

namespace ShareRpc.Tests.Sources.Following;

public sealed class LineFileTests : IDisposable
{
    private readonly string path = Path.GetTempFileName();

    public void Dispose() => File.Delete(path);

    [Fact]
    public void A_last_line_without_an_end_is_held_back_until_it_has_one()
    {
        File.WriteAllText(path, "one\ntwo");
        using var file = LineFile.Open(path);
        FileLine line = Assert.Single(file.LinesFrom(0).Select(Kept));
        Assert.Equal(4, line.End);
        File.AppendAllText(path, "!\n\n");
        Assert.Equal(["two!", ""], Texts(file, line.End));
    }

    [Fact]
    public void Lines_longer_than_a_chunk_and_characters_across_its_end_are_whole()
    {
        string[] lines = [new string('é', 300_000), "", new string('x', 262_143), "日本", new string('y', 1_000_000)];
        File.WriteAllText(path, string.Join('\n', lines) + "\n");
        using var file = LineFile.Open(path);
        Assert.Equal(lines, Texts(file, 0));
    }

    [Fact]
    public void A_file_that_grew_continues_and_one_that_was_truncated_or_replaced_does_not()
    {
        File.WriteAllText(path, "one\ntwo\n");
        LinePosition position;
        using (var file = LineFile.Open(path)) position = file.PositionAt(8);
        File.AppendAllText(path, "three\n");
        using (var file = LineFile.Open(path)) Assert.True(file.Continues(position));
        File.WriteAllText(path, "one\n");
        using (var file = LineFile.Open(path)) Assert.False(file.Continues(position));
        File.WriteAllText(path, "one\nTWO\nthree\n");
        using (var file = LineFile.Open(path)) Assert.False(file.Continues(position));
        using (var file = LineFile.Open(path)) Assert.True(file.Continues(LinePosition.Start));
    }

    private static string[] Texts(LineFile file, long offset) =>
        [.. file.LinesFrom(offset).Select(line => Encoding.UTF8.GetString(line.Utf8.Span))];

    private static FileLine Kept(FileLine line) => line with { Utf8 = line.Utf8.ToArray() };
}
