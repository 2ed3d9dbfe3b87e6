using System.Text.RegularExpressions;

namespace ShareRpc.Tests.Tidy;

/// <summary>Finds types and their members by counting braces in code that has no literals left.</summary>
internal static partial class MemberScan
{
    public static IReadOnlyList<Member> MembersOf(string source)
    {
        string code = Directive().Replace(CSharpText.CodeOf(source), match => new string(' ', match.Length));
        var members = new List<Member>();
        Scan(code, 0, code.Length, depth: 0, members);
        return members;
    }

    /// <summary>Scans what stands directly in a type, or in the file: one declaration after the other.</summary>
    private static void Scan(string code, int start, int end, int depth, List<Member> members)
    {
        int from = start;
        int at = start;
        while (at < end)
        {
            int stop = FindBodyOrEnd(code, at, end);
            if (stop >= end) return;
            string header = Space().Replace(code[from..stop], " ").Trim();
            if (code[stop] == '{')
            {
                int close = MatchingBrace(code, stop, end);
                bool isType = TypeHeader().IsMatch(header);
                bool isOuter = header.StartsWith("namespace ", StringComparison.Ordinal);
                if (isType && !IsEnum(header) || isOuter) Scan(code, stop + 1, close, isOuter ? depth : depth + 1, members);
                at = close + 1;
                if (!isType && !isOuter) at = EndOfExpression(code, at, end, header);
                if (header.Length > 0 && !isOuter) members.Add(MemberAt(code, from, at, header, isType, depth));
            }
            else
            {
                at = stop + 1;
                bool isType = TypeHeader().IsMatch(header);
                if (header.Length > 0 && (isType || depth > 0)) members.Add(MemberAt(code, from, at, header, isType, depth));
            }

            from = at;
        }
    }

    /// <summary>The next <c>{</c> or <c>;</c> that is in no parenthesis or bracket.</summary>
    private static int FindBodyOrEnd(string code, int at, int end)
    {
        for (int nesting = 0; at < end; at++)
        {
            if (code[at] is '(' or '[') nesting++;
            else if (code[at] is ')' or ']') nesting--;
            else if (nesting == 0 && code[at] is '{' or ';') return at;
            else if (code[at] == '{') at = MatchingBrace(code, at, end);
        }

        return end;
    }

    /// <summary>After a body in braces: an expression body or an initializer goes on to its semicolon, a block does not.</summary>
    private static int EndOfExpression(string code, int at, int end, string header)
    {
        int next = at;
        while (next < end && char.IsWhiteSpace(code[next])) next++;
        bool goesOn = Assigns(header) || (next < end && code[next] == '=');
        if (!goesOn) return at;
        while (next < end && code[next] != ';') next = code[next] == '{' ? MatchingBrace(code, next, end) + 1 : next + 1;
        return Math.Min(end, next + 1);
    }

    /// <summary>True for an equals sign that is not a parameter's default.</summary>
    private static bool Assigns(string header)
    {
        int nesting = 0;
        foreach (char c in header)
        {
            if (c is '(' or '[') nesting++;
            else if (c is ')' or ']') nesting--;
            else if (c == '=' && nesting == 0) return true;
        }

        return false;
    }

    private static int MatchingBrace(string code, int open, int end)
    {
        int depth = 0;
        for (int at = open; at < end; at++)
        {
            if (code[at] == '{') depth++;
            else if (code[at] == '}' && --depth == 0) return at;
        }

        return end;
    }

    private static Member MemberAt(string code, int from, int end, string header, bool isType, int depth)
    {
        while (from < end && char.IsWhiteSpace(code[from])) from++;
        return new Member(header, LineAt(code, from), LineAt(code, Math.Min(end, code.Length) - 1), isType, depth);
    }

    private static int LineAt(string code, int at) => 1 + code.AsSpan(0, Math.Max(0, at)).Count('\n');

    private static bool IsEnum(string header) => EnumHeader().IsMatch(header);

    [GeneratedRegex(@"(?m)^\s*#.*$")]
    private static partial Regex Directive();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex(@"(?:^|\s)(?:class|struct|interface|enum|record)\s+[A-Za-z_]")]
    private static partial Regex TypeHeader();

    [GeneratedRegex(@"(?:^|\s)enum\s")]
    private static partial Regex EnumHeader();
}
