using System.Text.RegularExpressions;

namespace ShareRpc.Tests.Tidy;

/// <summary>The checkable part of the conventions, as pure functions from a file's text to what is wrong with it.</summary>
internal static partial class TidyRules
{
    public const int MaxFileLines = 400;
    public const int MaxLineLength = 140;
    public const int MaxMemberLines = 70;

    /// <summary>For every source file, whatever its language.</summary>
    public static IEnumerable<string> CheckText(string path, string text)
    {
        string[] lines = text.TrimEnd('\n').Split('\n');
        if (lines.Length > MaxFileLines) yield return $"{path}: {lines.Length} lines, at most {MaxFileLines}";
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].Length > MaxLineLength) yield return $"{path}:{i + 1}: {lines[i].Length} characters, at most {MaxLineLength}";
            if (Unfinished().IsMatch(lines[i])) yield return $"{path}:{i + 1}: {Unfinished().Match(lines[i]).Value} is left in";
        }

        foreach (string part in path.Split('/'))
        {
            if (BannedWord().IsMatch(part)) yield return $"{path}: {part} says nothing; name what it does";
        }
    }

    /// <summary>For C# files.</summary>
    public static IEnumerable<string> CheckCSharp(string path, string text)
    {
        IReadOnlyList<Member> members = MemberScan.MembersOf(text);
        foreach (Member member in members)
        {
            bool isField = FieldHeader().IsMatch(member.Header);
            if (!member.IsType && !isField && member.Lines > MaxMemberLines)
            {
                yield return $"{path}:{member.FirstLine}: {member.Lines} lines, at most {MaxMemberLines}: {member.Header}";
            }

            if (member.IsType && BannedWord().IsMatch(TypeName().Match(member.Header).Groups[1].Value))
            {
                yield return $"{path}:{member.FirstLine}: {member.Header} says nothing; name what it does";
            }
        }

        int publicTypes = members.Count(member => member is { IsType: true, Depth: 0 } && PublicHeader().IsMatch(member.Header));
        if (publicTypes > 1) yield return $"{path}: {publicTypes} public types, at most one";
        foreach (Match blocking in Blocking().Matches(CSharpText.CodeOf(text)))
        {
            yield return $"{path}:{1 + text.AsSpan(0, blocking.Index).Count('\n')}: {blocking.Value.Trim()} blocks a thread; await it";
        }
    }

    /// <summary>For C# files of tests: what waits for time waits in a loop for a condition, not for the time to pass.</summary>
    public static IEnumerable<string> CheckWaits(string path, string text)
    {
        string[] lines = CSharpText.CodeOf(text).Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            bool isPoll = lines[i].Contains("while (", StringComparison.Ordinal)
                || (i > 0 && lines[i - 1].Contains("while (", StringComparison.Ordinal))
                || (i > 1 && lines[i - 2].Contains("while (", StringComparison.Ordinal));
            if (Waiting().IsMatch(lines[i]) && !isPoll) yield return $"{path}:{i + 1}: waits for a time to pass; wait for what it is for";
        }
    }

    /// <summary>For C# files of src: one target, so nothing is compiled by condition.</summary>
    public static IEnumerable<string> CheckDirectives(string path, string text)
    {
        if (Condition().IsMatch(text)) yield return $"{path}: #if in src";
    }

    /// <summary>Folder = namespace tail: <c>src/A.B/C/D/E.cs</c> is in <c>A.B.C.D</c>.</summary>
    public static IEnumerable<string> CheckNamespace(string path, string text)
    {
        Match declared = Namespace().Match(CSharpText.CodeOf(text));
        string[] folders = path.Split('/')[1..^1];
        if (declared.Success && declared.Groups[1].Value != string.Join('.', folders))
        {
            yield return $"{path}: namespace {declared.Groups[1].Value} is not its folder";
        }
    }

    /// <summary>For Log.cs files: every message has an id of its own.</summary>
    public static IEnumerable<string> CheckEventIds(string path, string text)
    {
        string[] ids = [.. EventId().Matches(text).Select(match => match.Groups[1].Value)];
        if (ids.Length != LoggerMessage().Count(text)) yield return $"{path}: a message without an event id";
        foreach (IGrouping<string, string> id in ids.GroupBy(id => id).Where(same => same.Count() > 1))
        {
            yield return $"{path}: event id {id.Key} is used twice";
        }
    }

    /// <summary>For project files of src: references point one way.</summary>
    public static IEnumerable<string> CheckReferences(string project, string text, IReadOnlyDictionary<string, string[]> allowed)
    {
        if (!allowed.TryGetValue(project, out string[]? targets))
        {
            yield return $"{project}: not a project of the layout";
            yield break;
        }

        foreach (Match reference in Reference().Matches(text))
        {
            string target = reference.Groups[1].Value;
            if (!targets.Contains(target)) yield return $"{project} must not reference {target}";
        }
    }

    // Written so that this file does not hold the words itself.
    [GeneratedRegex(@"\b(FIX" + @"ME|TO" + @"DO)\b")]
    private static partial Regex Unfinished();

    [GeneratedRegex("(Manager|Helper|Utils|Common)(?![a-z])")]
    private static partial Regex BannedWord();

    [GeneratedRegex(@"(?:class|struct|interface|enum|record(?: class| struct)?)\s+([A-Za-z_]\w*)")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"(?:^|\s)public\s")]
    private static partial Regex PublicHeader();

    // An equals sign before any parenthesis or arrow: a value, not a body.
    [GeneratedRegex(@"^(?:\[[^\]]*\]\s*)*[^(=]*=(?!>)")]
    private static partial Regex FieldHeader();

    [GeneratedRegex(@"\.Result\b(?!\s*[({=])|\.GetAwaiter\s*\(\s*\)\s*\.\s*GetResult\s*\(")]
    private static partial Regex Blocking();

    [GeneratedRegex(@"\bTask\.Delay\s*\(|\bThread\.Sleep\s*\(")]
    private static partial Regex Waiting();

    [GeneratedRegex(@"(?m)^\s*#\s*(if|elif)\b")]
    private static partial Regex Condition();

    [GeneratedRegex(@"(?m)^\s*namespace\s+([\w.]+)")]
    private static partial Regex Namespace();

    [GeneratedRegex(@"\[LoggerMessage\(\s*(?:EventId\s*=\s*)?(\d+)")]
    private static partial Regex EventId();

    [GeneratedRegex(@"\[LoggerMessage\b")]
    private static partial Regex LoggerMessage();

    [GeneratedRegex("<ProjectReference\\s+Include=\"[^\"]*?([^/\\\\\"]+)\\.csproj\"")]
    private static partial Regex Reference();
}
