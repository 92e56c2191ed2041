<?php
// Verifies delivery {{delivery}} from {{title}}, with PHP's own functions alone:
//
//   hookglass show {{delivery}} --body | {{variable}}='…' php verify.php
//
// Exits with 0 if the signature is right, and with 1 if it is not.{{notes}}
declare(strict_types=1);

function setting(string $name): string
{
    $value = getenv($name);
    if ($value !== false && $value !== '') {
        return $value;
    }
    fwrite(STDERR, "$name is not set\n");
    exit(2);
}

// Verify the raw bytes: JSON that is parsed and serialized again has another signature.
$body = stream_get_contents(STDIN);
$secret = setting({{setting}});
$key = {{key}};
{{values}}
{{entries}}
$content = fn (string $value): string => {{content}};
$digest = fn (string $value): string => {{digest}};

$verified = false;
foreach ($received as $value) {
    foreach ($entries($value) as $entry) {
        $verified = $verified || hash_equals($digest($value), $entry);
    }
}
echo $verified ? "verified\n" : "not verified\n";
exit($verified ? 0 : 1);
